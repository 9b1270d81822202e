package dev.lamina.app;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
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
    // Text is UTF-8 whatever the locale says: the models' output is, and a pipe has no locale.
    var out = writer(FileDescriptor.out);
    var err = writer(FileDescriptor.err);
    int code = Commands.execute(out, err, args);
    out.flush();
    err.flush();
    // Not a plain return: a device's driver may have left threads that are no daemons.
    System.exit(code);
  }

  private static PrintWriter writer(FileDescriptor fd) {
    return new PrintWriter(new FileOutputStream(fd), false, StandardCharsets.UTF_8);
  }
}
