package dev.lamina.backend.reference;

/** What a device frees when it is closed. */
interface Resource extends AutoCloseable {
  boolean isOpen();

  @Override
  void close();
}
