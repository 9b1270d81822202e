package dev.lamina.gguf;

import java.util.Comparator;
import java.util.List;

/** Checks that the tensors' data lie within the file and apart from each other. */
final class LayoutCheck {
  private final String source;
  private final long fileBytes;
  private final long dataStart;
  private final long alignment;

  LayoutCheck(String source, long fileBytes, long dataStart, long alignment) {
    this.source = source;
    this.fileBytes = fileBytes;
    this.dataStart = dataStart;
    this.alignment = alignment;
  }

  /**
   * @param tensors with offsets from the file's start
   */
  void check(List<TensorInfo> tensors) {
    List<TensorInfo> ordered =
        tensors.stream().sorted(Comparator.comparingLong(TensorInfo::offset)).toList();
    TensorInfo before = null;
    long end = dataStart;
    // What the file needs when its tensors lie close together, as every known writer puts them.
    long dense = dataStart;
    for (TensorInfo t : ordered) {
      long bytes = t.bytes();
      if (bytes > Long.MAX_VALUE / 4 || dense > Long.MAX_VALUE / 4) {
        throw fail(t, "holds " + bytes + " bytes, more than any file");
      }
      dense = GgufParser.alignUp(dense + bytes, alignment);
      if (bytes == 0) {
        continue;
      }
      if (before != null && t.offset() < end) {
        throw fail(t, "overlaps the tensor " + GgufException.shown(before.name()));
      }
      end = t.offset() + bytes;
      before = t;
    }
    if (end <= fileBytes || before == null) {
      return;
    }
    if (end > dense) {
      throw fail(
          before,
          "ends at "
              + end
              + ", beyond the file's end at "
              + fileBytes
              + "; the file is damaged or its download was interrupted");
    }
    throw new GgufException(
        source
            + ": the file has "
            + fileBytes
            + " bytes where its tensor table asks for "
            + end
            + " ("
            + percent(fileBytes, end)
            + " % are there; the first tensor cut off is "
            + firstCut(ordered)
            + "); this looks like an interrupted download, so download it again");
  }

  private String firstCut(List<TensorInfo> ordered) {
    for (TensorInfo t : ordered) {
      if (t.offset() + t.bytes() > fileBytes) {
        return GgufException.shown(t.name()) + " at offset " + t.offset();
      }
    }
    throw new IllegalStateException("no tensor is cut off");
  }

  private static String percent(long part, long whole) {
    return String.format(java.util.Locale.ROOT, "%.1f", Math.floor(1000.0 * part / whole) / 10);
  }

  private GgufException fail(TensorInfo t, String problem) {
    return new GgufException(
        source
            + ": the data of tensor "
            + GgufException.shown(t.name())
            + " at offset "
            + t.offset()
            + " "
            + problem);
  }
}
