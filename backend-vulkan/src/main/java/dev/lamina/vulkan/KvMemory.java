package dev.lamina.vulkan;

import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.gguf.GgmlType;
import java.util.List;

/**
 * The pages of one layer: for keys and for values a plane of rows, by page, head and position, and
 * for quantized types a plane of their scales.
 */
record KvMemory(Memory keys, Memory keyScales, Memory values, Memory valueScales) {
  /** Bytes of a page in a plane. */
  private static long rowPage(KvSpec kv, Limits limits, GgmlType type, int width) {
    long padded = AttentionShape.padded(width);
    long row =
        switch (type) {
          case F32 -> 4 * padded;
          case F16, BF16 -> 2 * padded;
          case Q8_0 -> padded;
          case Q4_0 -> padded / 2;
          default -> throw new IllegalArgumentException("no pages of " + type);
        };
    return row * kv.nHeadKv() * limits.pageSize();
  }

  private static long scalePage(KvSpec kv, Limits limits, GgmlType type, int width) {
    long row =
        switch (type) {
          case F32, F16, BF16 -> 0;
          default -> 4L * ((width + 63) / 64);
        };
    return row * kv.nHeadKv() * limits.pageSize();
  }

  /** Bytes of all planes. */
  static long bytes(KvSpec kv, Limits limits) {
    return limits.groups().get(kv.group()).pages()
        * (rowPage(kv, limits, kv.typeK(), kv.headDimK())
            + scalePage(kv, limits, kv.typeK(), kv.headDimK())
            + rowPage(kv, limits, kv.typeV(), kv.headDimV())
            + scalePage(kv, limits, kv.typeV(), kv.headDimV()));
  }

  /** A part of a plane that one page takes. */
  record Plane(Memory memory, long pageBytes) {}

  List<Plane> planes(KvSpec kv, Limits limits) {
    return List.of(
        new Plane(keys, rowPage(kv, limits, kv.typeK(), kv.headDimK())),
        new Plane(keyScales, scalePage(kv, limits, kv.typeK(), kv.headDimK())),
        new Plane(values, rowPage(kv, limits, kv.typeV(), kv.headDimV())),
        new Plane(valueScales, scalePage(kv, limits, kv.typeV(), kv.headDimV())));
  }

  /** Allocates the planes; {@code memory} keeps them. */
  static KvMemory allocate(KvSpec kv, Limits limits, ProgramMemory memory) {
    long pages = limits.groups().get(kv.group()).pages();
    return new KvMemory(
        memory.device(pages * rowPage(kv, limits, kv.typeK(), kv.headDimK())),
        memory.device(pages * scalePage(kv, limits, kv.typeK(), kv.headDimK())),
        memory.device(pages * rowPage(kv, limits, kv.typeV(), kv.headDimV())),
        memory.device(pages * scalePage(kv, limits, kv.typeV(), kv.headDimV())));
  }
}
