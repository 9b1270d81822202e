package dev.lamina.session;

import dev.lamina.LaminaException;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.features.Backends;
import dev.lamina.gguf.GgmlType;
import dev.lamina.model.ModelOptions;
import dev.lamina.placement.GpuLayers;
import dev.lamina.placement.PlacementRequest;
import java.util.function.Consumer;

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
    return with(draft -> draft.placement = value);
  }

  public LoadOptions withContext(int tokens) {
    return with(draft -> draft.context = tokens);
  }

  public LoadOptions withUbatch(int tokens) {
    return with(draft -> draft.ubatch = tokens);
  }

  public LoadOptions withSequences(int count) {
    return with(draft -> draft.sequences = count);
  }

  public LoadOptions withOutputs(int rows) {
    return with(draft -> draft.outputs = rows);
  }

  public LoadOptions withDevices(DeviceOptions value) {
    return with(draft -> draft.devices = value);
  }

  public LoadOptions withThreads(int threads) {
    return withDevices(
        new DeviceOptions(threads, devices.repack(), devices.math(), devices.software()));
  }

  public LoadOptions withModel(ModelOptions value) {
    return with(draft -> draft.model = value);
  }

  public LoadOptions withKv(GgmlType k, GgmlType v) {
    return withModel(model.withKv(k, v));
  }

  public LoadOptions withMapped(boolean value) {
    return with(draft -> draft.mapped = value);
  }

  public LoadOptions withChatTemplate(String nameOrSource) {
    return with(draft -> draft.chatTemplate = nameOrSource);
  }

  public LoadOptions withProgress(LoadProgress value) {
    return with(draft -> draft.progress = value);
  }

  private LoadOptions with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.done();
  }

  /** Options that can be changed, so that each change names only what it is about. */
  private static final class Draft {
    private PlacementRequest placement;
    private int context;
    private int ubatch;
    private int sequences;
    private int outputs;
    private DeviceOptions devices;
    private ModelOptions model;
    private boolean mapped;
    private String chatTemplate;
    private LoadProgress progress;

    Draft(LoadOptions from) {
      placement = from.placement;
      context = from.context;
      ubatch = from.ubatch;
      sequences = from.sequences;
      outputs = from.outputs;
      devices = from.devices;
      model = from.model;
      mapped = from.mapped;
      chatTemplate = from.chatTemplate;
      progress = from.progress;
    }

    LoadOptions done() {
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
          progress);
    }
  }
}
