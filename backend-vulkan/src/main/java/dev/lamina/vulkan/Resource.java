package dev.lamina.vulkan;

/** What holds memory of a device until it is closed, or the device is. */
interface Resource {
  /** Frees everything; the device no longer uses it. Does nothing the second time. */
  void destroy();
}
