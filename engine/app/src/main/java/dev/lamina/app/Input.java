package dev.lamina.app;

import dev.lamina.FileProblem;
import dev.lamina.LaminaException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** The text that a command works on: an argument, a file, or stdin. All of it is UTF-8. */
final class Input {

  private Input() {}

  /**
   * The text of {@code -p} or {@code -f}.
   *
   * @param prompt the value of {@code -p}, or null
   * @param file the value of {@code -f}, or null; {@code -} is stdin
   * @throws ParameterException where both are given
   * @throws LaminaException where the file cannot be read or is not UTF-8
   */
  static Optional<String> text(CommandSpec spec, String prompt, String file) {
    if (prompt != null && file != null) {
      throw new ParameterException(spec.commandLine(), "-p and -f both give a text: use one");
    }
    if (file == null) {
      return Optional.ofNullable(prompt);
    }
    return Optional.of(file.equals("-") ? stdin(spec) : file(path(file)));
  }

  /**
   * What stdin holds, to its end.
   *
   * @throws ParameterException where stdin is a terminal, at which nobody was asked to type
   */
  static String stdin(CommandSpec spec) {
    if (Terminals.stdin()) {
      throw new ParameterException(
          spec.commandLine(), "no text: give one with -p TEXT, -f FILE or through a pipe");
    }
    try {
      return decode("stdin", System.in.readAllBytes());
    } catch (IOException e) {
      throw new LaminaException("stdin cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * The text of a file.
   *
   * @throws LaminaException where the file cannot be read or is not UTF-8
   */
  static String file(Path path) {
    try (InputStream in = Files.newInputStream(path)) {
      return decode(path.toString(), in.readAllBytes());
    } catch (IOException e) {
      throw new LaminaException(FileProblem.reading(path, e), e);
    }
  }

  /**
   * A file's name as a path.
   *
   * @throws LaminaException where this system has no such names
   */
  static Path path(String name) {
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      throw new LaminaException(
          "'" + name + "' cannot be the name of a file here: " + e.getReason(), e);
    }
  }

  private static String decode(String source, byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new LaminaException(source + ": is not UTF-8 text", e);
    }
  }
}
