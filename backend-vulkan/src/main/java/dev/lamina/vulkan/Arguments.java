package dev.lamina.vulkan;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A kernel's arguments, in the order of its push constants: addresses first, then numbers. */
final class Arguments {
  private final ByteBuffer bytes =
      ByteBuffer.allocateDirect(Pipelines.MAX_ARGUMENTS).order(ByteOrder.nativeOrder());

  Arguments address(long... addresses) {
    for (long address : addresses) {
      bytes.putLong(address);
    }
    return this;
  }

  Arguments number(int... numbers) {
    for (int number : numbers) {
      bytes.putInt(number);
    }
    return this;
  }

  Arguments real(float number) {
    bytes.putFloat(number);
    return this;
  }

  Arguments flag(boolean flag) {
    return number(flag ? 1 : 0);
  }

  ByteBuffer bytes() {
    return bytes.duplicate().flip();
  }
}
