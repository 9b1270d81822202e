package dev.lamina.gguf;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * One file, read and checked.
 *
 * @param source its name for messages
 * @param tensors in the table's order; offsets from the file's start
 * @param headerEnd where the tensor table ends
 * @param bytes the whole file
 */
record GgufPart(
    String source,
    int version,
    Metadata metadata,
    List<TensorInfo> tensors,
    long alignment,
    long headerEnd,
    MemorySegment bytes) {}
