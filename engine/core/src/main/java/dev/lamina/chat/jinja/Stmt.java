package dev.lamina.chat.jinja;

import java.util.List;

/** A statement; {@code line} is where it begins in the template. */
sealed interface Stmt {
  int line();

  record Data(String text, int line) implements Stmt {}

  record Print(Expr value, int line) implements Stmt {}

  /** {@code bodies} has one element more than {@code tests}: what holds when none does. */
  record If(List<Expr> tests, List<List<Stmt>> bodies, int line) implements Stmt {}

  /** {@code filter} may be null. */
  record For(
      Target target,
      Expr iterable,
      Expr filter,
      boolean recursive,
      List<Stmt> body,
      List<Stmt> otherwise,
      int line)
      implements Stmt {}

  record Set(Target target, Expr value, int line) implements Stmt {}

  /** {@code {% set x | filter %}...{% endset %}}. */
  record SetBlock(Target target, List<Expr.FilterCall> filters, List<Stmt> body, int line)
      implements Stmt {}

  record Macro(Function function, int line) implements Stmt {}

  record CallBlock(Expr.Call call, Function caller, int line) implements Stmt {}

  record FilterBlock(List<Expr.FilterCall> filters, List<Stmt> body, int line) implements Stmt {}

  record With(List<Target> targets, List<Expr> values, List<Stmt> body, int line) implements Stmt {}

  /** A body in a scope of its own, such as that of the {@code generation} tag. */
  record Scoped(List<Stmt> body, int line) implements Stmt {}

  record Break(int line) implements Stmt {}

  record Continue(int line) implements Stmt {}

  /**
   * A macro, or the body of a call block.
   *
   * @param defaults of the last parameters
   * @param varargs whether the body speaks of {@code varargs}, and so takes more arguments
   * @param kwargs whether the body speaks of {@code kwargs}
   */
  record Function(
      String name,
      List<String> parameters,
      List<Expr> defaults,
      boolean varargs,
      boolean kwargs,
      List<Stmt> body) {}

  /** What can be assigned to. */
  sealed interface Target {
    record Variable(String name) implements Target {}

    /** {@code namespace.attribute}. */
    record Member(String namespace, String attribute) implements Target {}

    record Several(List<Target> targets) implements Target {}
  }
}
