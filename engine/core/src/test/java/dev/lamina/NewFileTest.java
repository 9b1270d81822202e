package dev.lamina;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NewFileTest {

  @TempDir private Path folder;

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static void write(NewFile file, String text) throws IOException {
    file.channel().write(ByteBuffer.wrap(text.getBytes()));
  }

  @Test
  void theNameComesWithTheLastByteAndReplacesWhatHadIt() throws IOException {
    Path target = Files.writeString(folder.resolve("name"), "before");
    try (NewFile file = NewFile.create(target)) {
      write(file, "after");
      assertEquals("before", Files.readString(target));
      assertEquals(2, names().size());
      file.finish();
      assertFalse(file.isOpen());
    }
    assertEquals("after", Files.readString(target));
    assertEquals(List.of("name"), names());
  }

  @Test
  void whatIsClosedBeforeLeavesNothing() throws IOException {
    Path target = Files.writeString(folder.resolve("name"), "before");
    try (NewFile file = NewFile.create(target)) {
      write(file, "after");
    }
    NewFile.require(folder.resolve("other"));
    assertEquals("before", Files.readString(target));
    assertEquals(List.of("name"), names());
  }

  @Test
  void whatIsNoFileIsNotReplaced() throws IOException {
    LaminaException e = assertThrows(LaminaException.class, () -> NewFile.create(folder));
    assertEquals(folder + ": this is a folder: give the name of a file in it", e.getMessage());

    Path missing = folder.resolve("no/name");
    e = assertThrows(LaminaException.class, () -> NewFile.create(missing));
    assertEquals(missing + ": the folder to write to does not exist", e.getMessage());

    Path device = Path.of("/dev/full");
    assumeTrue(Files.exists(device));
    // Not the device itself, which a bug would replace where the tests may.
    Path link = Files.createSymbolicLink(folder.resolve("device"), device);
    e = assertThrows(LaminaException.class, () -> NewFile.require(link));
    assertEquals(
        link + ": this is a device or a pipe, which cannot be written as a file: choose a name",
        e.getMessage());
    assertEquals(List.of("device"), names());
    Files.delete(link);
  }
}
