package dev.lamina.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StdoutTest {

  /** A drive without space, or a pipe without a reader. */
  private static final class Refusing extends OutputStream {
    @Override
    public void write(int b) throws IOException {
      throw new IOException("No space left on device");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"--help", "--version", "tokenize -p hello", "inspect --json"})
  void aResultThatCannotBeWrittenIsAFailure(String line) {
    var err = new StringWriter();
    var full = new Stdout(new Refusing(), () -> false);
    assertEquals(1, Main.run(full, new PrintWriter(err), line.split(" ")));
    assertEquals("lamina: stdout cannot be written: No space left on device\n", err.toString());
  }

  @Test
  void aReaderWhoHasEnoughIsNone() {
    var err = new StringWriter();
    var pipe = new Stdout(new Refusing(), () -> true);
    assertEquals(0, Main.run(pipe, new PrintWriter(err), "tokenize", "-p", "hello"));
    assertEquals("", err.toString());
  }

  @Test
  void whatIsWrittenArrivesAsUtf8() {
    var bytes = new ByteArrayOutputStream();
    var out = new Stdout(bytes, () -> false);
    assertEquals(0, Main.run(out, new PrintWriter(new StringWriter()), "inspect", "--template"));
    assertEquals(Ran.lamina("inspect", "--template").out(), bytes.toString(StandardCharsets.UTF_8));
  }
}
