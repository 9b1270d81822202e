package dev.lamina.session;

import dev.lamina.backend.ActivationPlan;
import dev.lamina.backend.Graph;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Limits;
import dev.lamina.gguf.Metadata;
import dev.lamina.gguf.TensorInfo;
import dev.lamina.model.Architectures;
import dev.lamina.model.DecoderGraph;
import dev.lamina.model.TensorCatalog;
import java.util.Collection;

/**
 * What a model takes beside its weights.
 *
 * @param context tokens of the session
 * @param kvBytes keys and values
 * @param workBytes activations of one step, on the reference device; that of other devices is of
 *     this order
 */
public record MemoryNeed(int context, long kvBytes, long workBytes) {
  /**
   * Of a model that is not loaded.
   *
   * @param metadata as a file has it
   * @param tensors the tensor table
   * @param options context, step size and types of keys and values count
   */
  public static MemoryNeed of(
      Metadata metadata, Collection<TensorInfo> tensors, LoadOptions options) {
    DecoderGraph graph = Architectures.graph(metadata, TensorCatalog.of(tensors), options.model());
    int context = Model.context(graph.config(), options);
    Limits limits = Model.limits(graph, context, options);
    Graph all = graph.stage(0, graph.layers(), true);
    long kv = 0;
    for (KvSpec spec : all.kv()) {
      kv += limits.kvBytes(spec);
    }
    return new MemoryNeed(context, kv, ActivationPlan.of(all, limits).bytes());
  }

  /** Bytes of both. */
  public long bytes() {
    return kvBytes + workBytes;
  }
}
