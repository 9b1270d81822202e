package dev.lamina.cpu.panel;

import dev.lamina.cpu.code.ArmIsa;
import dev.lamina.cpu.code.InstructionSet;
import dev.lamina.cpu.code.Isa;

/**
 * Assembles the functions of {@link PanelCode} for an instruction set. All take their arguments in
 * scratch memory, by the offsets that {@link ProductCode}, {@link QuantizeCode} and {@link
 * RepackCode} name.
 */
interface PanelAssembler {
  /** What assembles for an instruction set. */
  static PanelAssembler of(InstructionSet isa) {
    return switch (isa) {
      case Isa x86 -> new X86Panels(x86);
      case ArmIsa arm -> new ArmPanels(arm);
    };
  }

  /** Whether there are products with such panels. */
  boolean multiplies(PanelFormat format);

  /** How activations of a product must lie, by the rows of the whole step. */
  InputFormat input(PanelFormat format, int rows);

  /** Whether panels must be decoded before a product of that many rows. */
  boolean decodes(PanelFormat format, InputFormat input, int rows);

  /** Bytes of panels for products in float32 that stay in the second-level cache. */
  long cachedBytes(InputFormat input);

  /** The most rows of activations that one product can take. */
  int mostTokens(InputFormat format);

  /**
   * The product of panels with exactly {@code tokens} rows.
   *
   * @param decoded whether panels of that format have been decoded
   */
  byte[] product(PanelFormat format, boolean decoded, InputFormat input, int tokens);

  /** The decoding of a panel, where {@link #decodes} asks for it. */
  byte[] decode(PanelFormat format, boolean split);

  /** The rounding of activations, or what puts them in records as they are. */
  byte[] quantize(InputFormat format);

  /** The repacking of rows. */
  byte[] repack(PanelFormat format);

  /**
   * What asks for memory to the second-level cache: from an address, so many times {@link
   * PanelCode#FETCHED} bytes.
   */
  byte[] fetch();
}
