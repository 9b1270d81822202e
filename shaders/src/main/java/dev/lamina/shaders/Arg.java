package dev.lamina.shaders;

/** An argument of a kernel. */
public sealed interface Arg {
  /** A pointer. */
  record Memory(Region region) implements Arg {}

  /** An int32. */
  record Int(int value) implements Arg {}

  /** A float32. */
  record Real(float value) implements Arg {}

  /** An int32 that the step decides. */
  record Counted(Count count) implements Arg {}
}
