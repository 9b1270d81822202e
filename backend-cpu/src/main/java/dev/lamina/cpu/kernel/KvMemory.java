package dev.lamina.cpu.kernel;

import dev.lamina.backend.KvSpec;
import dev.lamina.cpu.format.Formats;
import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import jdk.incubator.vector.VectorOperators;

/**
 * The pages of one layer. A page holds, head by head, its keys, and elsewhere its values. Values
 * lie position by position, as rows of their type. Keys lie the other way round, dimension by
 * dimension with the positions side by side, so that scores of neighbouring positions come out as
 * one vector: float types as {@code [dim][position]}; Q8_0 and Q4_0 as {@code [block][position]}
 * float16 scales, then {@code [byte of the row][position]}.
 */
public final class KvMemory {
  private final KvSpec spec;
  private final int pageSize;
  private final long keys;
  private final long values;
  private final long keyHeadBytes;
  private final long valueHeadBytes;

  /**
   * @param keys address of {@link #keyBytes} times the pages
   * @param values address of {@link #valueBytes} times the pages
   */
  public KvMemory(KvSpec spec, int pageSize, long keys, long values) {
    this.spec = spec;
    this.pageSize = pageSize;
    this.keys = keys;
    this.values = values;
    this.keyHeadBytes = spec.typeK().rowBytes(spec.headDimK()) * pageSize;
    this.valueHeadBytes = spec.typeV().rowBytes(spec.headDimV()) * pageSize;
  }

  /** Bytes of the keys of a page. */
  public static long keyBytes(KvSpec spec, int pageSize) {
    return spec.typeK().rowBytes(spec.headDimK()) * spec.nHeadKv() * pageSize;
  }

  /** Bytes of the values of a page. */
  public static long valueBytes(KvSpec spec, int pageSize) {
    return spec.typeV().rowBytes(spec.headDimV()) * spec.nHeadKv() * pageSize;
  }

  public KvSpec spec() {
    return spec;
  }

  public int pageSize() {
    return pageSize;
  }

  /** Copies a whole page over another. */
  public void copy(int from, int to) {
    long k = keyHeadBytes * spec.nHeadKv();
    long v = valueHeadBytes * spec.nHeadKv();
    Simd.copy(keys + from * k, keys + to * k, k);
    Simd.copy(values + from * v, values + to * v, v);
  }

  long keyHead(int page, int head) {
    return keys + ((long) page * spec.nHeadKv() + head) * keyHeadBytes;
  }

  long valueHead(int page, int head) {
    return values + ((long) page * spec.nHeadKv() + head) * valueHeadBytes;
  }

  /** Stores one head's key and value at an offset in a page. */
  void store(int page, int offset, int head, long k, long v, long scratch) {
    storeKey(keyHead(page, head), offset, k, scratch);
    GgmlType type = spec.typeV();
    RowCodec.encode(
        type, v, spec.headDimV(), valueHead(page, head) + offset * type.rowBytes(spec.headDimV()));
  }

  private void storeKey(long base, int offset, long k, long scratch) {
    int dim = spec.headDimK();
    GgmlType type = spec.typeK();
    switch (type) {
      case F32 -> {
        for (int d = 0; d < dim; d++) {
          Simd.storeFloat(base + 4L * ((long) d * pageSize + offset), Simd.loadFloat(k + 4L * d));
        }
      }
      case F16, BF16 -> {
        RowCodec.encode(type, k, dim, scratch);
        for (int d = 0; d < dim; d++) {
          Simd.ALL.set(
              Simd.SHORT,
              base + 2L * ((long) d * pageSize + offset),
              Simd.ALL.get(Simd.SHORT, scratch + 2L * d));
        }
      }
      case Q8_0, Q4_0 -> {
        RowCodec.encode(type, k, dim, scratch);
        int blocks = dim / 32;
        int bytes = type.blockBytes() - 2;
        long quants = base + 2L * blocks * pageSize;
        for (int b = 0; b < blocks; b++) {
          long from = scratch + (long) b * type.blockBytes();
          Simd.ALL.set(
              Simd.SHORT,
              base + 2L * ((long) b * pageSize + offset),
              Simd.ALL.get(Simd.SHORT, from));
          for (int i = 0; i < bytes; i++) {
            Simd.ALL.set(
                Simd.BYTE,
                quants + ((long) b * bytes + i) * pageSize + offset,
                Simd.ALL.get(Simd.BYTE, from + 2 + i));
          }
        }
      }
      default -> throw new IllegalArgumentException("no pages of " + type);
    }
  }

  /**
   * Decodes the keys of a head's page to {@code [dim][position]} floats. Whole vectors are read and
   * written: up to {@link Simd#LANES} - 1 positions beyond the page come out as garbage.
   *
   * @param stride bytes from dimension to dimension in {@code target}
   */
  void loadKeys(int page, int head, long target, long stride) {
    long base = keyHead(page, head);
    int dim = spec.headDimK();
    switch (spec.typeK()) {
      case F32 -> {
        for (int d = 0; d < dim; d++) {
          Simd.copy(base + 4L * d * pageSize, target + d * stride, 4L * pageSize);
        }
      }
      case F16 -> {
        for (int d = 0; d < dim; d++) {
          long from = base + 2L * d * pageSize;
          for (int p = 0; p < pageSize; p += Simd.LANES) {
            Simd.store(Simd.loadF16(from + 2L * p), target + d * stride + 4L * p);
          }
        }
      }
      case BF16 -> {
        for (int d = 0; d < dim; d++) {
          long from = base + 2L * d * pageSize;
          for (int p = 0; p < pageSize; p += Simd.LANES) {
            Simd.store(Simd.loadBf16(from + 2L * p), target + d * stride + 4L * p);
          }
        }
      }
      case Q8_0 -> {
        long quants = base + 2L * (dim / 32) * pageSize;
        for (int d = 0; d < dim; d++) {
          long scales = base + 2L * (d / 32) * pageSize;
          long from = quants + (long) d * pageSize;
          for (int p = 0; p < pageSize; p += Simd.LANES) {
            Simd.store(
                Simd.toFloat(Simd.loadBytes(from + p)).mul(Simd.loadF16(scales + 2L * p)),
                target + d * stride + 4L * p);
          }
        }
      }
      case Q4_0 -> {
        long quants = base + 2L * (dim / 32) * pageSize;
        for (int i = 0; i < dim / 2; i++) {
          long scales = base + 2L * (i / 16) * pageSize;
          long from = quants + (long) i * pageSize;
          long low = target + (long) (i / 16 * 32 + i % 16) * stride;
          for (int p = 0; p < pageSize; p += Simd.LANES) {
            var q = Simd.loadUnsignedBytes(from + p);
            var d = Simd.loadF16(scales + 2L * p);
            Simd.store(Simd.toFloat(q.and(15).sub(8)).mul(d), low + 4L * p);
            Simd.store(
                Simd.toFloat(q.lanewise(VectorOperators.LSHR, 4).sub(8)).mul(d),
                low + 16 * stride + 4L * p);
          }
        }
      }
      default -> throw new IllegalArgumentException("no pages of " + spec.typeK());
    }
  }

  /**
   * Decodes the first {@code n} values of a head's page to rows of floats.
   *
   * @param stride bytes from position to position in {@code target}
   */
  void loadValues(int page, int head, int n, long target, long stride) {
    int dim = spec.headDimV();
    var format = Formats.of(spec.typeV());
    long base = valueHead(page, head);
    if (stride == 4L * dim) {
      format.decode(base, target, n * dim);
      return;
    }
    long rowBytes = spec.typeV().rowBytes(dim);
    for (int p = 0; p < n; p++) {
      format.decode(base + p * rowBytes, target + p * stride, dim);
    }
  }
}
