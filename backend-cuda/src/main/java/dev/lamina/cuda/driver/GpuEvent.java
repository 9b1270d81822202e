package dev.lamina.cuda.driver;

/** A mark in a stream that the host and other streams can wait for. */
public interface GpuEvent extends AutoCloseable {
  /** Waits until the mark has been set; returns at once where it was never recorded. */
  void synchronise();

  @Override
  void close();
}
