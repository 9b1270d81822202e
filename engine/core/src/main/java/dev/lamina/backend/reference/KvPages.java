package dev.lamina.backend.reference;

import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.gguf.Dequantizer;
import dev.lamina.gguf.GgmlType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The pages of one layer: all keys, then all values, each by page, position and head. */
final class KvPages {
  private final KvSpec spec;
  private final int pageSize;
  private final MemorySegment keys;
  private final MemorySegment values;

  KvPages(KvSpec spec, Limits limits, Arena arena) {
    this.spec = spec;
    pageSize = limits.pageSize();
    long positions = (long) limits.groups().get(spec.group()).pages() * pageSize;
    keys = arena.allocate(positions * keyBytes(), 64);
    values = arena.allocate(positions * valueBytes(), 64);
  }

  private long keyBytes() {
    return spec.typeK().rowBytes((long) spec.nHeadKv() * spec.headDimK());
  }

  private long valueBytes() {
    return spec.typeV().rowBytes((long) spec.nHeadKv() * spec.headDimV());
  }

  /** Stores key and value rows that begin at {@code k[kFrom]} and {@code v[vFrom]}. */
  void store(int page, int at, float[] k, int kFrom, float[] v, int vFrom) {
    long row = (long) page * pageSize + at;
    Encoder.encode(
        spec.typeK(), k, kFrom, spec.nHeadKv() * spec.headDimK(), keys, row * keyBytes());
    Encoder.encode(
        spec.typeV(), v, vFrom, spec.nHeadKv() * spec.headDimV(), values, row * valueBytes());
  }

  void key(int page, int at, int head, float[] into) {
    head(spec.typeK(), keys, keyBytes(), spec.headDimK(), page, at, head, into);
  }

  void value(int page, int at, int head, float[] into) {
    head(spec.typeV(), values, valueBytes(), spec.headDimV(), page, at, head, into);
  }

  private void head(
      GgmlType type,
      MemorySegment data,
      long rowBytes,
      int dim,
      int page,
      int at,
      int head,
      float[] into) {
    long row = (long) page * pageSize + at;
    Dequantizer.decode(type, data, row * rowBytes + head * type.rowBytes(dim), into, 0, dim);
  }

  void copy(int from, int to) {
    copy(keys, from, to, pageSize * keyBytes());
    copy(values, from, to, pageSize * valueBytes());
  }

  private static void copy(MemorySegment data, int from, int to, long bytes) {
    MemorySegment.copy(data, from * bytes, data, to * bytes, bytes);
  }
}
