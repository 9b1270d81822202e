package dev.lamina.cuda.jcuda;

import java.lang.foreign.MemorySegment;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;

/** JCuda's pointers from plain addresses, and the other way round. */
final class Addresses {
  private Addresses() {}

  /** An address on a card. */
  static final class Device extends CUdeviceptr {
    /** To be set by an allocation. */
    Device() {}

    Device(long address) {
      super(new CUdeviceptr(), address);
    }

    long address() {
      return getNativePointer() + getByteOffset();
    }
  }

  /** An address on the host. */
  static final class Host extends Pointer {
    /** To be set by an allocation. */
    Host() {}

    Host(MemorySegment segment) {
      super(segment.address());
    }

    long address() {
      return getNativePointer() + getByteOffset();
    }
  }
}
