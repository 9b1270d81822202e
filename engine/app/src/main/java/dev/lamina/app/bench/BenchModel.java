package dev.lamina.app.bench;

import dev.lamina.backend.DeviceSpeed;
import dev.lamina.session.Model;

/**
 * A loaded model with what a report says of it.
 *
 * @param fileName the file, or the synthetic model's name
 * @param type architecture, size and weight type, as people call them
 * @param typeName the weight type alone
 * @param bytes bytes of its tensors
 * @param parameters values in its tensors
 * @param model the model, open
 * @param cost what a token asks of the hardware
 * @param speed what the hardware can do; null where it was not measured, or where several devices
 *     run the model
 * @param loadNanos time from the weights in host memory, or the mapped file, to a model that is
 *     ready
 */
public record BenchModel(
    String fileName,
    String type,
    String typeName,
    long bytes,
    long parameters,
    Model model,
    TokenCost cost,
    DeviceSpeed speed,
    long loadNanos) {}
