package dev.lamina.shaders;

import dev.lamina.backend.KvSpec;
import dev.lamina.gguf.GgmlType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Kernels that stand in for those of the common text on CUDA and HIP cards: plans are rewritten
 * launch by launch, and what is not rewritten stays as it is.
 */
public final class CardKernels {
  /** The greatest heads that {@code cards/attention} takes. */
  public static final int MOST_HEAD = 256;

  private static final String TENSOR = "TENSOR";

  /** Threads of a group of {@code cards/matmul-tensor}. */
  private static final int TENSOR_ITEMS = 256;

  private static final int[] HEADS = {64, 128, MOST_HEAD};

  private static final List<GgmlType> PAGES =
      List.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16, GgmlType.Q8_0, GgmlType.Q4_0);

  private CardKernels() {}

  /**
   * The launches that a card runs instead of these.
   *
   * @param tensor whether the card has matrix units for TF32
   */
  public static List<Launch> rewrite(List<Launch> launches, boolean tensor) {
    List<Launch> rewritten = new ArrayList<>(launches.size());
    KvSpec last = null;
    for (Launch launch : launches) {
      switch (launch.kernel().program().unit()) {
        case ATTENTION -> {
          for (Arg arg : launch.args()) {
            if (arg instanceof Arg.Memory(Region.Keys(KvSpec kv))) {
              last = kv;
            }
          }
          rewritten.add(attention(launch, last));
        }
        case WEIGHT ->
            rewritten.add(
                tensor && launch.kernel().entry().startsWith("matmul") ? tensor(launch) : launch);
        case STORE, VECTORS -> rewritten.add(launch);
      }
    }
    return rewritten;
  }

  private static Launch tensor(Launch launch) {
    Kernel kernel = launch.kernel();
    return with(
        launch,
        new Kernel(tensor(kernel.program().first()), kernel.entry() + "Tensor", TENSOR_ITEMS, 1),
        launch.args());
  }

  private static ProgramKey tensor(GgmlType type) {
    return new ProgramKey(KernelUnit.WEIGHT, type, null, Map.of(TENSOR, 1));
  }

  private static Launch with(Launch launch, Kernel kernel, List<Arg> args) {
    return new Launch(
        kernel,
        launch.x(),
        launch.y(),
        launch.z(),
        args,
        launch.when(),
        launch.from(),
        launch.to());
  }

  /** {@code attentionJoin} follows an {@code attention} with the same keys. */
  private static Launch attention(Launch launch, KvSpec kv) {
    List<Arg> args = new ArrayList<>(launch.args());
    if (!launch.kernel().entry().equals("attentionJoin")) {
      args.add(new Arg.Int(kv.headDimK()));
    }
    args.add(new Arg.Int(kv.headDimV()));
    if (!launch.kernel().entry().equals("attentionJoin")) {
      args.add(new Arg.Int(pages(kv.typeK())));
      args.add(new Arg.Int(pages(kv.typeV())));
      args.add(new Arg.Int(Math.toIntExact(kv.typeK().rowBytes(kv.headDimK()))));
      args.add(new Arg.Int(Math.toIntExact(kv.typeV().rowBytes(kv.headDimV()))));
    }
    int head = 0;
    for (int size : HEADS) {
      if (head < Math.max(kv.headDimK(), kv.headDimV())) {
        head = size;
      }
    }
    Kernel kernel = launch.kernel();
    int items = kernel.program().defines().get("ITEMS");
    return with(
        launch,
        new Kernel(attention(head, items), kernel.entry(), kernel.itemsX(), kernel.itemsY()),
        args);
  }

  private static ProgramKey attention(int head, int items) {
    return new ProgramKey(KernelUnit.ATTENTION, null, null, Map.of("HEAD", head, "ITEMS", items));
  }

  private static int pages(GgmlType type) {
    return switch (type) {
      case F32 -> 0;
      case F16 -> 1;
      case BF16 -> 2;
      case Q8_0 -> 3;
      case Q4_0 -> 4;
      default -> throw new IllegalArgumentException("no pages of " + type);
    };
  }

  /**
   * All programs that a card can be asked for, in a fixed order.
   *
   * @param tensor whether the card has matrix units for TF32
   */
  public static List<ProgramKey> programs(Tuning tuning, boolean tensor) {
    List<ProgramKey> all = new ArrayList<>();
    all.add(new ProgramKey(KernelUnit.VECTORS, null, null, Map.of()));
    for (GgmlType type : GgmlType.values()) {
      if (type.isWeightType()) {
        all.add(LaunchWriter.weightKey(type, tuning));
        if (tensor) {
          all.add(tensor(type));
        }
      }
    }
    for (GgmlType type : PAGES) {
      all.add(new ProgramKey(KernelUnit.STORE, type, null, Map.of()));
    }
    for (int head : HEADS) {
      all.add(attention(head, tuning.attentionItems()));
    }
    return all;
  }

  /** Whether a program needs matrix units for TF32. */
  public static boolean needsTensor(ProgramKey key) {
    return key.defines().containsKey(TENSOR);
  }

  /** The whole text of a program, of the common ones too. */
  public static String text(Dialect dialect, ProgramKey key) {
    boolean own = key.unit() == KernelUnit.ATTENTION && key.first() == null;
    if (!own && !needsTensor(key)) {
      return KernelText.of(dialect, key, Map.of());
    }
    StringBuilder text = new StringBuilder(1 << 15);
    new TreeMap<>(key.defines())
        .forEach((name, value) -> KernelText.define(text, name, value.toString()));
    if (own) {
      KernelText.preludes(text, dialect);
      PAGES.forEach(type -> KernelText.decoder(text, type, "decode" + type, "one" + type));
      text.append(KernelText.file("cards/heads"));
      for (int lanes : AttentionShape.LANES) {
        KernelText.again(text, "cards/attention", Map.of("LANES_Q", lanes));
      }
    } else {
      KernelText.rows(text, dialect, key.first());
      text.append(KernelText.file("cards/matmul-tensor"));
    }
    return text.toString();
  }
}
