package dev.lamina;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
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

  /**
   * The reason alone. Java's messages have the names of files before the system's words, and for
   * the commonest failures nothing but the names.
   */
  public static String reason(IOException e) {
    return switch (e) {
      case FileSystemException f when f.getReason() != null -> f.getReason();
      case NoSuchFileException n -> "there is no such file or folder";
      case AccessDeniedException a -> "not permitted";
      case FileAlreadyExistsException x -> "there is something of that name already";
      case DirectoryNotEmptyException d -> "the folder is not empty";
      default -> e.getMessage() == null ? e.toString() : e.getMessage();
    };
  }
}
