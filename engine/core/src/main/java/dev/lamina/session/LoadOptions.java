package dev.lamina.session;

import dev.lamina.LaminaException;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.features.Backends;
import dev.lamina.gguf.GgmlType;
import dev.lamina.model.ModelOptions;
import dev.lamina.placement.GpuLayers;
import dev.lamina.placement.PlacementRequest;

/**
 * How a model is loaded. Made from {@link #DEFAULT} with the {@code with...} methods.
 *
 * @param placement which layers go where
 * @param context tokens that one session can hold ({@code -c}); 0: what the model was trained with,
 *     at most {@link #DEFAULT_CONTEXT}
 * @param ubatch the most tokens in one step ({@code -ub})
 * @param sequences sessions that can be open at once ({@code -np})
 * @param outputs rows of logits that one step can give; at least {@code sequences}
 * @param devices threads and repacking
 * @param model types of the KV cache, changes to the rotary embedding
 * @param mapped whether weights stay in the mapped file where a device can use them there; false
 *     ({@code --no-mmap}): they are read into memory
 * @param chatTemplate the name of a built-in chat template or a template's source instead of the
 *     model's own; null: the model's own
 * @param progress told while weights are loaded
 */
public record LoadOptions(
    PlacementRequest placement,
    int context,
    int ubatch,
    int sequences,
    int outputs,
    DeviceOptions devices,
    ModelOptions model,
    boolean mapped,
    String chatTemplate,
    LoadProgress progress) {
  /** The context where the caller says nothing and the model was trained with more. */
  public static final int DEFAULT_CONTEXT = 4096;

  /** Automatic placement, llama.cpp's step size, one session, KV cache in F16. */
  public static final LoadOptions DEFAULT =
      new LoadOptions(
          PlacementRequest.DEFAULT,
          0,
          512,
          1,
          1,
          DeviceOptions.DEFAULT,
          ModelOptions.DEFAULT,
          true,
          null,
          LoadProgress.NONE);

  public LoadOptions {
    atLeast("the context", context, 0);
    atLeast("the step size (-ub)", ubatch, 1);
    atLeast("the number of sessions", sequences, 1);
    outputs = Math.max(outputs, sequences);
  }

  private static void atLeast(String what, int value, int least) {
    if (value < least) {
      throw new LaminaException("%s is %d: it must be at least %d".formatted(what, value, least));
    }
  }

  /**
   * Looks for the devices that these options may use: GPU drivers are not started where no layer is
   * to go to a GPU, nor where only the CPU in disguise could be found and nobody asked for it.
   * Whoever takes the result closes it.
   */
  public Backends discover() {
    boolean gpus = placement.mayUseGpus();
    boolean asked =
        !placement.devices().isEmpty() || !(placement.gpuLayers() instanceof GpuLayers.Auto);
    return Backends.discover(devices.withSoftware(asked), backend -> gpus);
  }

  /** Exactly so many layers on GPUs, the output counted first; see {@link GpuLayers}. */
  public LoadOptions withGpuLayers(int layers) {
    return withPlacement(placement.withGpuLayers(GpuLayers.of(layers)));
  }

  public LoadOptions withPlacement(PlacementRequest value) {
    return new LoadOptions(
        value, context, ubatch, sequences, outputs, devices, model, mapped, chatTemplate, progress);
  }

  public LoadOptions withContext(int tokens) {
    return new LoadOptions(
        placement,
        tokens,
        ubatch,
        sequences,
        outputs,
        devices,
        model,
        mapped,
        chatTemplate,
        progress);
  }

  public LoadOptions withUbatch(int tokens) {
    return new LoadOptions(
        placement,
        context,
        tokens,
        sequences,
        outputs,
        devices,
        model,
        mapped,
        chatTemplate,
        progress);
  }

  public LoadOptions withSequences(int count) {
    return new LoadOptions(
        placement, context, ubatch, count, outputs, devices, model, mapped, chatTemplate, progress);
  }

  public LoadOptions withOutputs(int rows) {
    return new LoadOptions(
        placement,
        context,
        ubatch,
        sequences,
        rows,
        devices,
        model,
        mapped,
        chatTemplate,
        progress);
  }

  public LoadOptions withDevices(DeviceOptions value) {
    return new LoadOptions(
        placement,
        context,
        ubatch,
        sequences,
        outputs,
        value,
        model,
        mapped,
        chatTemplate,
        progress);
  }

  public LoadOptions withThreads(int threads) {
    return withDevices(
        new DeviceOptions(threads, devices.repack(), devices.math(), devices.software()));
  }

  public LoadOptions withModel(ModelOptions value) {
    return new LoadOptions(
        placement,
        context,
        ubatch,
        sequences,
        outputs,
        devices,
        value,
        mapped,
        chatTemplate,
        progress);
  }

  public LoadOptions withKv(GgmlType k, GgmlType v) {
    return withModel(model.withKv(k, v));
  }

  public LoadOptions withMapped(boolean value) {
    return new LoadOptions(
        placement,
        context,
        ubatch,
        sequences,
        outputs,
        devices,
        model,
        value,
        chatTemplate,
        progress);
  }

  public LoadOptions withChatTemplate(String nameOrSource) {
    return new LoadOptions(
        placement,
        context,
        ubatch,
        sequences,
        outputs,
        devices,
        model,
        mapped,
        nameOrSource,
        progress);
  }

  public LoadOptions withProgress(LoadProgress value) {
    return new LoadOptions(
        placement,
        context,
        ubatch,
        sequences,
        outputs,
        devices,
        model,
        mapped,
        chatTemplate,
        value);
  }
}
