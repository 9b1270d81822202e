package dev.lamina.backend;

import java.util.List;

/**
 * What is known of a device.
 *
 * @param id the name by which a user picks it: {@code CPU}, {@code CUDA0}, {@code Vulkan1} ...
 * @param backend the provider's name
 * @param description the hardware's name
 * @param kind what sort of device it is
 * @param memoryTotal bytes of its memory
 * @param memoryFree bytes free when asked
 * @param driver the driver or runtime with its version
 * @param notes what else is worth a line: instruction sets, limits, remedies
 * @param hardware the card's PCI address, such as {@code 0000:01:00.0}, by which automatic
 *     placement knows a card that it sees through two backends; empty where unknown
 */
public record DeviceInfo(
    String id,
    String backend,
    String description,
    Kind kind,
    long memoryTotal,
    long memoryFree,
    String driver,
    List<String> notes,
    String hardware) {
  /** Sorts of devices, in the order in which automatic placement prefers them. */
  public enum Kind {
    /** A card with memory of its own. */
    DISCRETE_GPU,
    /** A GPU that shares the host's memory. */
    INTEGRATED_GPU,
    /** The CPU path. */
    CPU,
    /**
     * The CPU behind a GPU interface (PoCL, lavapipe): used only where a user names it, and in
     * tests.
     */
    SOFTWARE_GPU
  }

  public DeviceInfo {
    notes = List.copyOf(notes);
  }

  /** A device whose bus address is unknown. */
  public DeviceInfo(
      String id,
      String backend,
      String description,
      Kind kind,
      long memoryTotal,
      long memoryFree,
      String driver,
      List<String> notes) {
    this(id, backend, description, kind, memoryTotal, memoryFree, driver, notes, "");
  }
}
