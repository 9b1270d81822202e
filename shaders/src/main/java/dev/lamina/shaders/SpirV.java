package dev.lamina.shaders;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** The compute shaders, compiled from the GLSL of this module while it was built. */
public final class SpirV {
  private SpirV() {}

  /**
   * A shader's SPIR-V words, as bytes in little-endian order.
   *
   * @param name its name in {@code shaders.list}
   * @throws IllegalArgumentException where there is none
   */
  public static byte[] read(String name) {
    try (InputStream in = SpirV.class.getResourceAsStream("spirv/" + name + ".spv")) {
      if (in == null) {
        throw new IllegalArgumentException("there is no shader named " + name);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
