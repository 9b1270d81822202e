package dev.lamina.cuda.driver;

/** Recorded work that is launched in one call. */
public interface GpuGraph extends AutoCloseable {
  @Override
  void close();
}
