package dev.lamina.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads golden arrays and compares with them. */
final class Golden {
  private Golden() {}

  static int[] ints(Path path) {
    ByteBuffer bytes = bytes(path);
    int[] values = new int[bytes.remaining() / 4];
    bytes.asIntBuffer().get(values);
    return values;
  }

  static float[] floats(Path path) {
    ByteBuffer bytes = bytes(path);
    float[] values = new float[bytes.remaining() / 4];
    bytes.asFloatBuffer().get(values);
    return values;
  }

  private static ByteBuffer bytes(Path path) {
    try {
      return ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Root of the mean squared difference over that of the mean squared golden value. */
  static double relativeError(float[][] actual, float[] golden) {
    double difference = 0;
    double size = 0;
    int i = 0;
    for (float[] row : actual) {
      for (float value : row) {
        double d = value - golden[i];
        difference += d * d;
        size += (double) golden[i] * golden[i];
        i++;
      }
    }
    if (i != golden.length) {
      throw new AssertionError(i + " values where " + golden.length + " are golden");
    }
    return Math.sqrt(difference / size);
  }
}
