package dev.lamina.gguf;

import dev.lamina.FileProblem;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;

/**
 * A GGUF file, or a set of split files, open for reading: metadata, tensor table, and the tensors'
 * data, which stay in the mapped file. Everything has been checked when {@link #open} returns.
 * Usable from any thread; {@link #close} unmaps the data, and access after that fails with a clear
 * exception, never with a crash.
 */
public final class GgufFile implements AutoCloseable {
  /** How the bytes of a file are brought to memory. */
  public enum Access {
    /** Mapped: nothing is copied, and the system loads and drops pages as it sees fit. */
    MAPPED,
    /** Read to memory as a whole while opening (llama.cpp's {@code --no-mmap}). */
    COPIED
  }

  private static final long CLOSE_PATIENCE_NANOS = 2_000_000_000L;

  private final Arena arena;
  private final List<GgufPart> parts;
  private final List<Path> paths;
  private final List<TensorInfo> tensors;
  private final Map<String, TensorInfo> byName;

  private GgufFile(Arena arena, List<GgufPart> parts, List<Path> paths) {
    this.arena = arena;
    this.parts = List.copyOf(parts);
    this.paths = List.copyOf(paths);
    List<TensorInfo> all = new ArrayList<>();
    Map<String, TensorInfo> names = new HashMap<>();
    for (GgufPart part : parts) {
      for (TensorInfo tensor : part.tensors()) {
        TensorInfo before = names.putIfAbsent(tensor.name(), tensor);
        if (before != null) {
          throw new GgufException(
              part.source()
                  + ": the tensor "
                  + GgufException.shown(tensor.name())
                  + " is also in "
                  + parts.get(before.part()).source());
        }
        all.add(tensor);
      }
    }
    this.tensors = List.copyOf(all);
    this.byName = names;
  }

  /**
   * Opens a file, or the whole set where {@code path} is any part of a split one ({@code
   * NAME-00001-of-0000N.gguf}).
   *
   * @throws GgufException where a file is missing, cannot be read, is damaged, or holds what Lamina
   *     does not read; nothing stays open then
   */
  public static GgufFile open(Path path) {
    return open(path, Access.MAPPED);
  }

  /** As {@link #open(Path)}, with a choice of how the data come to memory. */
  public static GgufFile open(Path path, Access access) {
    Arena arena = Arena.ofShared();
    boolean done = false;
    try {
      GgufPart given = GgufParser.parse(load(path, access, arena), path.toString(), 0);
      SplitSet set = SplitSet.of(path, given);
      List<GgufPart> parts = new ArrayList<>();
      for (int i = 0; i < set.count(); i++) {
        Path file = set.path(i);
        GgufPart part;
        if (i == set.index()) {
          part = i == 0 ? given : GgufParser.parse(given.bytes(), given.source(), i);
        } else {
          part = GgufParser.parse(load(file, access, arena), file.toString(), i);
        }
        parts.add(part);
      }
      set.check(parts);
      GgufFile file = new GgufFile(arena, parts, set.paths());
      done = true;
      return file;
    } finally {
      if (!done) {
        arena.close();
      }
    }
  }

  /** A file that is in memory already, and stays the caller's. It must not be part of a set. */
  static GgufFile parse(MemorySegment bytes, String name) {
    GgufPart part = GgufParser.parse(bytes.asReadOnly(), name, 0);
    return new GgufFile(Arena.ofShared(), List.of(part), List.of(Path.of("memory")));
  }

  private static MemorySegment load(Path path, Access access, Arena arena) {
    // Asked before opening, at which a pipe would wait for its other end.
    if (Files.exists(path) && !Files.isRegularFile(path) && !Files.isDirectory(path)) {
      throw new GgufException(
          path + ": this is a pipe or a device, which cannot be mapped: put the model in a file");
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long size = channel.size();
      return switch (access) {
        case MAPPED -> channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
        case COPIED -> copy(channel, size, arena).asReadOnly();
      };
    } catch (IOException e) {
      throw new GgufException(FileProblem.reading(path, e), e);
    } catch (OutOfMemoryError e) {
      throw new GgufException(
          path + ": there is no memory to hold the file; map it instead of copying it", e);
    }
  }

  private static MemorySegment copy(FileChannel channel, long size, Arena arena)
      throws IOException {
    MemorySegment target = arena.allocate(Math.max(size, 1), 64).asSlice(0, size);
    long done = 0;
    while (done < size) {
      int chunk = (int) Math.min(1 << 26, size - done);
      int n = channel.read(target.asSlice(done, chunk).asByteBuffer());
      if (n < 0) {
        throw new IOException("the file became shorter while it was read");
      }
      done += n;
    }
    return target;
  }

  /** The metadata; of a split set, the first part's. */
  public Metadata metadata() {
    return parts.getFirst().metadata();
  }

  /** Gives each metadata key with the bytes of its value, the value's type included. */
  void forEachRawValue(BiConsumer<String, MemorySegment> action) {
    GgufPart first = parts.getFirst();
    GgufParser.parse(
        first.bytes(),
        first.source(),
        0,
        (key, start, end) -> action.accept(key, first.bytes().asSlice(start, end - start)));
  }

  /** All tensors, in the order of the files and of their tables. */
  public List<TensorInfo> tensors() {
    return tensors;
  }

  public Optional<TensorInfo> tensor(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  /**
   * The data of one of this file's tensors: a read-only slice of the mapping, of {@link
   * TensorInfo#bytes()} bytes. It may begin at any address: a file may have any alignment, so use
   * unaligned layouts.
   *
   * @throws GgufException where the file has been closed or the tensor is none of this file's
   */
  public MemorySegment data(TensorInfo tensor) {
    if (byName.get(tensor.name()) != tensor) {
      throw new GgufException(
          source() + ": the tensor " + GgufException.shown(tensor.name()) + " is not of this file");
    }
    GgufPart part = parts.get(tensor.part());
    if (!part.bytes().scope().isAlive()) {
      throw new GgufException(part.source() + ": the file has been closed");
    }
    long bytes = tensor.bytes();
    // An empty tensor may stand anywhere, even beyond the file's end.
    return part.bytes().asSlice(bytes == 0 ? 0 : tensor.offset(), bytes);
  }

  /** The version of the format: 2 or 3. */
  public int version() {
    return parts.getFirst().version();
  }

  /** The files: one, or all parts of a split set in order. */
  public List<Path> parts() {
    return paths;
  }

  /** What tensor data offsets are a multiple of, within the data section (of the first part). */
  public long alignment() {
    return parts.getFirst().alignment();
  }

  /** Size of all parts. */
  public long bytes() {
    return parts.stream().mapToLong(p -> p.bytes().byteSize()).sum();
  }

  /** The name for messages: the first part's path. */
  public String source() {
    return parts.getFirst().source();
  }

  /**
   * What to say where reading a mapping ended in an {@code InternalError}, which is how the JVM
   * tells that a page could not be had: the file was shortened by somebody else, or its disk or
   * network drive failed.
   */
  public static GgufException vanished(String source, InternalError e) {
    return new GgufException(
        source
            + ": a part of the file could not be read any more; it was shortened or replaced while"
            + " in use, or its drive failed",
        e);
  }

  /**
   * Unmaps the data. Idempotent, and allowed from any thread; where a native call is reading the
   * data it is waited for, a short while.
   *
   * @throws GgufException where the data are still in use after that; closing may be tried again
   */
  @Override
  public void close() {
    long start = System.nanoTime();
    while (arena.scope().isAlive()) {
      try {
        arena.close();
      } catch (IllegalStateException e) {
        if (arena.scope().isAlive() && System.nanoTime() - start > CLOSE_PATIENCE_NANOS) {
          throw new GgufException(source() + ": the file is still in use and stays open", e);
        }
        LockSupport.parkNanos(100_000);
      }
    }
  }
}
