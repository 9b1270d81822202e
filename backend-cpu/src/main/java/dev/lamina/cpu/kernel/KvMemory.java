package dev.lamina.cpu.kernel;

import dev.lamina.backend.KvSpec;
import dev.lamina.cpu.attention.StoreCode;
import dev.lamina.cpu.format.Formats;
import dev.lamina.cpu.format.WeightFormat;
import dev.lamina.cpu.simd.Gemm;
import dev.lamina.cpu.simd.Simd;
import dev.lamina.gguf.GgmlType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The pages of one layer. A page holds, head by head, its keys, and elsewhere its values. Values
 * lie position by position, as rows of their type. Keys lie the other way round, dimension by
 * dimension with the positions side by side, so that scores of neighbouring positions come out as
 * one vector: float types as {@code [dim][position]}; Q8_0 and Q4_0 as {@code [block][position]}
 * float16 scales, then {@code [byte of the row][position]}.
 */
public final class KvMemory {
  private static final long STEP = 4L * Gemm.COLS;

  private final KvSpec spec;
  private final int pageSize;
  private final long keys;
  private final long valuePages;
  private final WeightFormat values;
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
    this.valuePages = values;
    this.values = Formats.of(spec.typeV());
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
    Simd.copy(valuePages + from * v, valuePages + to * v, v);
  }

  /** The address of a head's keys in a page. */
  public long keyHead(int page, int head) {
    return keys + ((long) page * spec.nHeadKv() + head) * keyHeadBytes;
  }

  /** The address of a head's values in a page. */
  public long valueHead(int page, int head) {
    return valuePages + ((long) page * spec.nHeadKv() + head) * valueHeadBytes;
  }

  /**
   * Stores one head's key and value at an offset in a page.
   *
   * @param code rounds to float16; may be null
   */
  void store(int page, int offset, int head, long k, long v, StoreCode code, long scratch) {
    long key = keyHead(page, head);
    if (coded(code, spec.typeK(), spec.headDimK())) {
      code.store(k, spec.headDimK(), key + 2L * offset, 2L * pageSize, scratch);
    } else {
      storeKey(key, offset, k, scratch);
    }
    GgmlType type = spec.typeV();
    long value = valueHead(page, head) + offset * type.rowBytes(spec.headDimV());
    if (coded(code, type, spec.headDimV())) {
      code.store(v, spec.headDimV(), value, 2, scratch);
    } else {
      RowCodec.encode(type, v, spec.headDimV(), value);
    }
  }

  private static boolean coded(StoreCode code, GgmlType type, int dim) {
    return code != null && type == GgmlType.F16 && dim % StoreCode.STEP == 0;
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
   * Decodes {@code n} keys of a head's page, from position {@code first} on, to {@code
   * [dim][Gemm.COLS]} floats.
   *
   * @param room positions that may be written: where there is room, whole vectors are
   */
  void loadKeys(int page, int head, int first, int n, long target, int room) {
    long base = keyHead(page, head);
    int dim = spec.headDimK();
    switch (spec.typeK()) {
      case F32 -> {
        for (int d = 0; d < dim; d++) {
          Simd.copy(base + 4L * ((long) d * pageSize + first), target + d * STEP, 4L * n);
        }
      }
      case F16 -> {
        for (int d = 0; d < dim; d++) {
          long from = base + 2L * ((long) d * pageSize + first);
          long to = target + d * STEP;
          int p = 0;
          for (; p < n && p + Simd.LANES <= room; p += Simd.LANES) {
            Simd.store(Simd.loadF16(from + 2L * p), to + 4L * p);
          }
          for (; p < n; p++) {
            Simd.storeFloat(to + 4L * p, Simd.loadHalf(from + 2L * p));
          }
        }
      }
      case BF16 -> {
        for (int d = 0; d < dim; d++) {
          long from = base + 2L * ((long) d * pageSize + first);
          long to = target + d * STEP;
          int p = 0;
          for (; p < n && p + Simd.LANES <= room; p += Simd.LANES) {
            Simd.store(Simd.loadBf16(from + 2L * p), to + 4L * p);
          }
          for (; p < n; p++) {
            Simd.storeFloat(to + 4L * p, Simd.loadBf16Scalar(from + 2L * p));
          }
        }
      }
      case Q8_0 -> {
        long quants = base + 2L * (dim / 32) * pageSize;
        for (int d = 0; d < dim; d++) {
          loadQ8(
              base + 2L * ((long) (d / 32) * pageSize + first),
              quants + (long) d * pageSize + first,
              n,
              target + d * STEP,
              room);
        }
      }
      case Q4_0 -> {
        long quants = base + 2L * (dim / 32) * pageSize;
        for (int i = 0; i < dim / 2; i++) {
          loadQ4(
              base + 2L * ((long) (i / 16) * pageSize + first),
              quants + (long) i * pageSize + first,
              n,
              target + (i / 16 * 32 + i % 16) * STEP,
              room);
        }
      }
      default -> throw new IllegalArgumentException("no pages of " + spec.typeK());
    }
  }

  private static void loadQ8(long scales, long from, int n, long to, int room) {
    int p = 0;
    for (; p < n && p + Simd.LANES <= room; p += Simd.LANES) {
      Simd.store(
          Simd.toFloat(Simd.loadBytes(from + p)).mul(Simd.loadF16(scales + 2L * p)), to + 4L * p);
    }
    for (; p < n; p++) {
      Simd.storeFloat(
          to + 4L * p, Simd.ALL.get(Simd.BYTE, from + p) * Simd.loadHalf(scales + 2L * p));
    }
  }

  private static void loadQ4(long scales, long from, int n, long to, int room) {
    int p = 0;
    for (; p < n && p + Simd.LANES <= room; p += Simd.LANES) {
      IntVector q = Simd.loadUnsignedBytes(from + p);
      FloatVector d = Simd.loadF16(scales + 2L * p);
      Simd.store(Simd.toFloat(q.and(15).sub(8)).mul(d), to + 4L * p);
      Simd.store(
          Simd.toFloat(q.lanewise(VectorOperators.LSHR, 4).sub(8)).mul(d), to + 16 * STEP + 4L * p);
    }
    for (; p < n; p++) {
      int q = Simd.ALL.get(Simd.BYTE, from + p) & 0xff;
      float d = Simd.loadHalf(scales + 2L * p);
      Simd.storeFloat(to + 4L * p, ((q & 15) - 8) * d);
      Simd.storeFloat(to + 16 * STEP + 4L * p, ((q >> 4) - 8) * d);
    }
  }

  /**
   * Decodes {@code n} values of a head's page, from position {@code first} on, to panels of {@code
   * [Gemm.COLS positions][Gemm.COLS dimensions]}.
   *
   * @param row address of {@code headDimV} floats to work in
   */
  void loadValues(int page, int head, int first, int n, long target, long row) {
    int dim = spec.headDimV();
    GgmlType type = spec.typeV();
    long rowBytes = type.rowBytes(dim);
    long base = valueHead(page, head) + first * rowBytes;
    if (dim == Gemm.COLS) {
      values.decode(base, target, n * dim);
    } else if (dim < Gemm.COLS) {
      for (int p = 0; p < n; p++) {
        values.decode(base + p * rowBytes, target + p * STEP, dim);
      }
    } else {
      for (int p = 0; p < n; p++) {
        values.decode(base + p * rowBytes, row, dim);
        for (int d = 0; d < dim; d += Gemm.COLS) {
          Simd.copy(row + 4L * d, target + p * STEP + d * STEP, 4L * Math.min(Gemm.COLS, dim - d));
        }
      }
    }
  }
}
