package dev.lamina.app;

/**
 * Which of the standard streams are terminals. The launcher knows and says so in the property
 * {@code lamina.terminals}: the letters {@code i}, {@code o} and {@code e} for stdin, stdout and
 * stderr. Java itself can only tell whether stdin and stdout both are.
 */
final class Terminals {

  private static final String SAID = System.getProperty("lamina.terminals");

  private Terminals() {}

  static boolean stdin() {
    return is('i');
  }

  static boolean stdout() {
    return is('o');
  }

  static boolean stderr() {
    return is('e');
  }

  private static boolean is(char stream) {
    return SAID != null ? SAID.indexOf(stream) >= 0 : Console.PRESENT;
  }

  /** Apart, since asking loads much. */
  private static final class Console {
    static final boolean PRESENT = System.console() != null && System.console().isTerminal();
  }
}
