package dev.lamina.backend;

/** A tensor resident on a device, in the device's own layout. */
public interface Weight extends AutoCloseable {
  TensorSpec spec();

  /** Bytes of device memory that it takes; 0 where it is the file's mapping itself. */
  long bytes();

  @Override
  void close();
}
