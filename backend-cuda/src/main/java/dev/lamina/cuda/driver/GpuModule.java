package dev.lamina.cuda.driver;

/** Loaded code. */
public interface GpuModule extends AutoCloseable {
  /** The kernel with this name. */
  GpuKernel kernel(String name);

  @Override
  void close();
}
