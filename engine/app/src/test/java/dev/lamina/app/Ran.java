package dev.lamina.app;

import java.io.PrintWriter;
import java.io.StringWriter;

/** What one run of the program gave. */
record Ran(int code, String out, String err) {

  static Ran lamina(String... args) {
    var out = new StringWriter();
    var err = new StringWriter();
    int code = Commands.execute(new PrintWriter(out), new PrintWriter(err), args);
    return new Ran(code, out.toString(), err.toString());
  }
}
