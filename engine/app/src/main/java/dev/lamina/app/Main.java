package dev.lamina.app;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/** The entry of the program. */
public final class Main {

  private Main() {}

  /**
   * Runs one command and ends the JVM with its exit code.
   *
   * @param args the command line
   */
  public static void main(String[] args) {
    var stdout = new Stdout(new FileOutputStream(FileDescriptor.out), Stdout::isPipe);
    int code = run(stdout, writer(new FileOutputStream(FileDescriptor.err)), args);
    // Not a plain return: a device's driver may have left threads that are no daemons.
    System.exit(code);
  }

  /** Runs one command to its exit code, which is no success where stdout took not all. */
  static int run(Stdout stdout, PrintWriter err, String... args) {
    PrintWriter out = writer(stdout);
    int code = Commands.execute(out, err, args);
    out.flush();
    if (stdout.failure().isPresent()) {
      Notes.tell(err, stdout.failure().get());
      code = Commands.FAILED;
    }
    err.flush();
    return code;
  }

  /** Text is UTF-8 whatever the locale says: the models' output is, and a pipe has no locale. */
  private static PrintWriter writer(OutputStream stream) {
    return new PrintWriter(stream, false, StandardCharsets.UTF_8);
  }
}
