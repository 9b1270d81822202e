package dev.lamina.cuda;

import dev.lamina.backend.Capabilities;
import dev.lamina.backend.KvSpec;
import dev.lamina.backend.Op;
import dev.lamina.backend.Support;
import dev.lamina.gguf.GgmlType;
import dev.lamina.shaders.CardKernels;
import dev.lamina.shaders.IntegerFormat;
import dev.lamina.shaders.KernelSupport;
import java.util.Set;

/** What the kernels can do on a card. */
final class CardCapabilities implements Capabilities {
  static final CardCapabilities INSTANCE = new CardCapabilities();

  private CardCapabilities() {}

  @Override
  public Support supports(Op op) {
    return switch (op) {
      case Op.KvStore o when tooLarge(o.kv()) -> heads(o.kv());
      case Op.Attention o when tooLarge(o.kv()) -> heads(o.kv());
      default -> KernelSupport.of(op);
    };
  }

  private static boolean tooLarge(KvSpec kv) {
    return Math.max(kv.headDimK(), kv.headDimV()) > CardKernels.MOST_HEAD;
  }

  private static Support heads(KvSpec kv) {
    return Support.no(
        "heads of %d and %d values: the kernels take up to %d"
            .formatted(kv.headDimK(), kv.headDimV(), CardKernels.MOST_HEAD));
  }

  @Override
  public Set<GgmlType> repacked() {
    return IntegerFormat.typesApart();
  }
}
