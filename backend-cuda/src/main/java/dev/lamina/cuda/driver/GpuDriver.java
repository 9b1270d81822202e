package dev.lamina.cuda.driver;

/** A driver that has been found and initialised. */
public interface GpuDriver {
  /** The driver with its version, such as {@code CUDA 12.6}. */
  String version();

  /** The number of cards, at least 1. */
  int cards();

  /** What the driver knows of a card, without a context on it. */
  GpuCard card(int ordinal);

  /** A context of its own on a card. */
  GpuContext open(int ordinal);
}
