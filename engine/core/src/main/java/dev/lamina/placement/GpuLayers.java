package dev.lamina.placement;

import dev.lamina.LaminaException;

/**
 * How many layers go to GPU devices, as llama.cpp's {@code -ngl} counts them: the output is the
 * first, then the last layers of the model.
 */
public sealed interface GpuLayers {
  /** As many as fit on the devices that are worth it. */
  record Auto() implements GpuLayers {}

  /** All layers and the output. */
  record All() implements GpuLayers {}

  /**
   * A number of layers; more than the model has (with its output) means all.
   *
   * @param layers 0 or more
   */
  record Count(int layers) implements GpuLayers {
    public Count {
      if (layers < 0) {
        throw new LaminaException("-ngl takes a number from 0 on, auto or all, not " + layers);
      }
    }
  }

  GpuLayers AUTO = new Auto();
  GpuLayers ALL = new All();

  static GpuLayers of(int layers) {
    return new Count(layers);
  }

  /**
   * Reads the flag's value: a number, {@code auto} or {@code all}; as in llama.cpp -1 is auto and
   * -2 all.
   *
   * @throws LaminaException for anything else
   */
  static GpuLayers parse(String text) {
    switch (text.strip()) {
      case "auto", "-1" -> {
        return AUTO;
      }
      case "all", "-2" -> {
        return ALL;
      }
      default -> {
        try {
          return of(Integer.parseInt(text.strip()));
        } catch (NumberFormatException e) {
          throw new LaminaException(
              "-ngl takes a number from 0 on, auto or all, not '" + text + "'", e);
        }
      }
    }
  }

  /** The number of slots (layers and output) of a model with {@code layers} layers. */
  default int slots(int layers) {
    return switch (this) {
      case Auto a -> layers + 1;
      case All a -> layers + 1;
      case Count c -> Math.min(c.layers, layers + 1);
    };
  }
}
