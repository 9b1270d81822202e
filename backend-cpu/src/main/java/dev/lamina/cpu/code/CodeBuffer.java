package dev.lamina.cpu.code;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The bytes of x86-64 code under way: with the places that labels name, and with data behind it.
 */
final class CodeBuffer {
  private record Fixup(int at, Label label) {}

  private byte[] code = new byte[1024];
  private int size;
  private final List<Fixup> fixups = new ArrayList<>();
  private final Map<String, Label> vectors = new HashMap<>();
  private final List<byte[]> data = new ArrayList<>();
  private final List<Label> dataLabels = new ArrayList<>();

  /** Bytes written so far. */
  int size() {
    return size;
  }

  /** The code with the data behind it, which begins on a cache line. */
  byte[] finish() {
    while (size % 64 != 0) {
      emit(0xcc);
    }
    for (int i = 0; i < data.size(); i++) {
      bind(dataLabels.get(i));
      for (byte b : data.get(i)) {
        emit(b);
      }
    }
    for (Fixup fixup : fixups) {
      if (fixup.label.position < 0) {
        throw new IllegalStateException("a label was never bound");
      }
      putInt(fixup.at, fixup.label.position - (fixup.at + 4));
    }
    return Arrays.copyOf(code, size);
  }

  void bind(Label label) {
    label.position = size;
  }

  /** Leaves room for the distance to a label, from the end of that room on. */
  void fix(Label label) {
    fixups.add(new Fixup(size, label));
    emitInt(0);
  }

  /** Dwords behind the code. */
  Label table(int[] values) {
    return place(lines(values));
  }

  /** The bytes of dwords, in whole cache lines. */
  static byte[] lines(int[] values) {
    ByteBuffer bytes =
        ByteBuffer.allocate((4 * values.length + 63) / 64 * 64).order(ByteOrder.LITTLE_ENDIAN);
    for (int value : values) {
      bytes.putInt(value);
    }
    return bytes.array();
  }

  /** Data of 64 bytes behind the code; the same bytes are placed once. */
  Label vector(byte[] bytes) {
    if (bytes.length != 64) {
      throw new IllegalArgumentException(bytes.length + " bytes are no vector");
    }
    return vectors.computeIfAbsent(Arrays.toString(bytes), key -> place(bytes.clone()));
  }

  private Label place(byte[] bytes) {
    Label label = new Label();
    data.add(bytes);
    dataLabels.add(label);
    return label;
  }

  void emit(int... bytes) {
    if (size + bytes.length > code.length) {
      code = Arrays.copyOf(code, 2 * code.length + bytes.length);
    }
    for (int b : bytes) {
      code[size++] = (byte) b;
    }
  }

  void emitInt(int value) {
    emit(value, value >> 8, value >> 16, value >> 24);
  }

  private void putInt(int at, int value) {
    for (int i = 0; i < 4; i++) {
      code[at + i] = (byte) (value >> 8 * i);
    }
  }
}
