package dev.lamina;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileProblemTest {

  @TempDir private Path folder;

  @Test
  void readingIsToldInOneSentence() {
    Path missing = folder.resolve("missing");
    IOException e = assertThrows(IOException.class, () -> Files.readAllBytes(missing));
    assertEquals(missing + ": there is no such file", FileProblem.reading(missing, e));
    e = assertThrows(IOException.class, () -> Files.readAllBytes(folder));
    assertEquals(folder + ": this is a folder, not a file", FileProblem.reading(folder, e));
    assertEquals(
        missing + ": reading this file is not permitted",
        FileProblem.reading(missing, new AccessDeniedException(missing.toString())));
  }

  @Test
  void writingIsToldInOneSentence() {
    Path file = folder.resolve("missing/file");
    IOException e = assertThrows(IOException.class, () -> Files.writeString(file, "text"));
    assertEquals(file + ": the folder to write to does not exist", FileProblem.writing(file, e));
    assertEquals(
        file + ": writing there is not permitted",
        FileProblem.writing(file, new AccessDeniedException(file.toString())));
    assertEquals(
        file + ": writing the file fails: No space left on device",
        FileProblem.writing(file, new IOException("No space left on device")));
  }

  @Test
  void reasonsAreWithoutTheNamesOfFiles() {
    assertEquals(
        "Is a directory", FileProblem.reason(new FileSystemException("a", "b", "Is a directory")));
    assertEquals(
        "there is no such file or folder", FileProblem.reason(new NoSuchFileException("a")));
    assertEquals("not permitted", FileProblem.reason(new AccessDeniedException("a")));
    assertEquals("java.io.IOException", FileProblem.reason(new IOException()));
  }
}
