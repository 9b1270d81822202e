package dev.lamina;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** What the system says of a file, in the words of a sentence for people. */
public final class FileProblem {

  private FileProblem() {}

  /** Why a file could not be read, its name before it. */
  public static String reading(Path file, IOException e) {
    return switch (e) {
      case NoSuchFileException n -> file + ": there is no such file";
      case AccessDeniedException a -> file + ": reading this file is not permitted";
      default ->
          Files.isDirectory(file)
              ? file + ": this is a folder, not a file"
              : file + ": reading fails: " + reason(e);
    };
  }

  /** Why a file could not be written, its name before it. */
  public static String writing(Path file, IOException e) {
    return switch (e) {
      case NoSuchFileException n -> file + ": the folder to write to does not exist";
      case AccessDeniedException a -> file + ": writing there is not permitted";
      default -> file + ": writing the file fails: " + reason(e);
    };
  }

  /** The system's own words, without the names of files that go before them in Java's messages. */
  public static String reason(IOException e) {
    if (e instanceof FileSystemException f && f.getReason() != null) {
      return f.getReason();
    }
    return e.getMessage() == null ? e.toString() : e.getMessage();
  }
}
