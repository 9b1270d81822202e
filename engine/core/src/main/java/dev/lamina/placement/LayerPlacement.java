package dev.lamina.placement;

import dev.lamina.backend.Device;

/**
 * Where one layer runs, and why.
 *
 * @param layer the layer's number; the model's number of layers stands for the output
 * @param device where it runs
 * @param reason why there
 */
public record LayerPlacement(int layer, Device device, Reason reason) {}
