package dev.lamina.gguf;

import dev.lamina.FileProblem;
import dev.lamina.LaminaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes the files of a model: one, or the parts of a split one. They get their names when all of
 * them are whole; a writer that is closed before leaves nothing behind.
 */
public final class PartsWriter implements AutoCloseable {
  private static final Pattern SUFFIX = Pattern.compile("(-\\d{5}-of-\\d{5})?\\.gguf$");

  private final List<GgufWriter> writers = new ArrayList<>();
  private final List<Path> files;

  private PartsWriter(List<Path> files) {
    this.files = List.copyOf(files);
  }

  /**
   * The names of the parts, as llama.cpp forms them: {@code NAME-00001-of-00003.gguf}.
   *
   * @param name of the model; an ending {@code .gguf}, or that of a part, is left out
   */
  public static List<Path> names(Path name, int count) {
    Matcher suffix = SUFFIX.matcher(name.getFileName().toString());
    String prefix = suffix.replaceFirst("");
    List<Path> files = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      files.add(
          name.resolveSibling(
              String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", prefix, i, count)));
    }
    return files;
  }

  /**
   * Begins to write files.
   *
   * @param files the names that the parts get, in order
   * @param source what is read meanwhile, and must not be replaced
   * @param bytes about as many as all files will have
   * @throws LaminaException where a file cannot be created, is one of the source's, or does not fit
   *     on the drive
   */
  public static PartsWriter create(List<Path> files, GgufFile source, long bytes) {
    for (Path file : files) {
      for (Path other : source.parts()) {
        if (same(file, other)) {
          throw new LaminaException(
              file + ": this file is being read, so it cannot be written; choose another name");
        }
      }
    }
    requireSpace(files.getFirst(), bytes);
    PartsWriter parts = new PartsWriter(files);
    boolean done = false;
    try {
      for (Path file : files) {
        parts.writers.add(GgufWriter.create(file));
      }
      done = true;
      return parts;
    } finally {
      if (!done) {
        parts.close();
      }
    }
  }

  private static boolean same(Path file, Path other) {
    try {
      return Files.exists(file) && Files.isSameFile(file, other);
    } catch (IOException e) {
      throw new LaminaException(FileProblem.reading(file, e), e);
    }
  }

  private static void requireSpace(Path file, long bytes) {
    try {
      Path folder = file.toAbsolutePath().getParent();
      long free = Files.getFileStore(folder).getUsableSpace();
      if (free < bytes) {
        throw new LaminaException(
            String.format(
                Locale.ROOT,
                "%s: %.2f GB will be written, and the drive has only %.2f GB free",
                file,
                bytes / 1e9,
                free / 1e9));
      }
    } catch (IOException e) {
      throw new LaminaException(FileProblem.writing(file, e), e);
    }
  }

  /** The files' names. */
  public List<Path> files() {
    return files;
  }

  public GgufWriter part(int index) {
    return writers.get(index);
  }

  /** Ends all files and gives them their names. */
  public void finish() {
    writers.forEach(GgufWriter::complete);
    writers.forEach(GgufWriter::finish);
  }

  @Override
  public void close() {
    writers.forEach(GgufWriter::close);
  }
}
