package dev.lamina.shaders;

import dev.lamina.gguf.GgmlType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Programs that stand in for those of the common text on cards: {@link CardLaunches} rewrites plans
 * for them. In the names of those that are made ahead the numbers of CUDA and HIP are left out.
 */
public final class CardKernels {
  /** The greatest heads that {@code cards/heads} takes. */
  public static final int MOST_HEAD = 256;

  private static final String TENSOR = "TENSOR";

  private static final String INTEGER = "INTEGER";
  private static final String TILES = "TILES";
  private static final String ROUNDING = "ROUNDING";
  private static final String MEASURE = "MEASURE";
  private static final String LANES = "LANES";
  private static final String TILE_TOKENS = "TILE_TOKENS";
  private static final String HEAD = "HEAD";
  private static final String PLACING = "PLACING";
  private static final String NARROWING = "NARROWING";
  private static final String ARGMAX = "ARGMAX";

  /** Items of a team in programs that are made ahead. */
  private static final int AHEAD_LANES = 32;

  /** Tokens of a tile in programs that are made ahead. */
  private static final int AHEAD_TOKENS = 64;

  /** Rows of a tile. */
  private static final int TILE_ROWS = 128;

  /** Values of a row of a tile. */
  private static final int TILE_DEPTH = 128;

  /** Threads of a group of {@code cards/matmul-tensor}. */
  static final int TENSOR_ITEMS = 256;

  /** Threads of a group of {@code cards/matmul-halves}. */
  static final int HALVES_ITEMS = 128;

  /** Rows of a team in {@code cards/integer-matvec}. */
  static final int INTEGER_ROWS = 2;

  private static final int[] HEADS = {64, 128, MOST_HEAD};

  private static final List<GgmlType> PAGES =
      List.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16, GgmlType.Q8_0, GgmlType.Q4_0);

  /** Those whose values are float16 numbers, or small ones by a scale. */
  private static final List<GgmlType> TENSOR_PAGES =
      List.of(GgmlType.F16, GgmlType.Q8_0, GgmlType.Q4_0);

  private CardKernels() {}

  /** Products with many tokens on matrix units, of weights that are no integers. */
  static ProgramKey tensor(GgmlType type, MatrixUnits units) {
    return new ProgramKey(KernelUnit.WEIGHT, type, null, Map.of(TENSOR, units.capability()));
  }

  /** The kernel that brings rows of activations to a type that matrix units multiply. */
  static Kernel narrow(Rounding rounding, int items) {
    ProgramKey key = new ProgramKey(KernelUnit.VECTORS, null, null, Map.of(NARROWING, 1));
    return new Kernel(key, "narrow" + rounding, items, 1);
  }

  /** Products with few rounded tokens. */
  static ProgramKey integers(GgmlType type, CardFeatures features) {
    Map<String, Integer> defines = new TreeMap<>(Map.of(INTEGER, 1));
    if (!features.ahead()) {
      defines.put(LANES, features.tuning().lanes());
    }
    return new ProgramKey(KernelUnit.WEIGHT, type, null, defines);
  }

  /** Products with many rounded tokens. */
  static ProgramKey integerTiles(GgmlType type, CardFeatures features) {
    Map<String, Integer> defines = new TreeMap<>(Map.of(INTEGER, 1));
    if (features.units() == MatrixUnits.NONE) {
      defines.put(TILES, 1);
    } else {
      defines.put(TENSOR, features.units().capability());
    }
    if (!features.ahead()) {
      defines.put(TILE_TOKENS, features.tuning().tileTokens());
    }
    return new ProgramKey(KernelUnit.WEIGHT, type, null, defines);
  }

  /** Items of a group of {@code cards/integer-matmul}. */
  static int tileItems(Tuning tuning) {
    return TILE_ROWS / 8 * tuning.tileTokens() / 4;
  }

  /** Local memory that a group of {@code cards/integer-matmul} needs. */
  static int tileBytes(GgmlType type, CardFeatures features) {
    IntegerFormat format = IntegerFormat.of(type);
    int tokens = features.tuning().tileTokens();
    int places = features.units().copies() ? 2 : 1;
    int parts = TILE_DEPTH / format.part();
    int words = TILE_DEPTH / 4 * (TILE_ROWS + places * tokens) + parts * TILE_ROWS + 4 * tokens;
    if (format.minimums()) {
      words += parts * (TILE_ROWS + tokens);
    }
    return Integer.BYTES * (words + 2 * tokens + gridWords(type));
  }

  /** Ops that round activations, and what brings weights into the layout of cards. */
  public static ProgramKey rounding() {
    return new ProgramKey(KernelUnit.VECTORS, null, null, Map.of(ROUNDING, 1));
  }

  /** The kernel that norms, adds, norms again, and may round: group x is a row. */
  static Kernel normAddNorm(int items) {
    return new Kernel(rounding(), Launches.NORM_ADD_NORM, items, 1);
  }

  /** The kernel that brings rows of weights into the layout of cards: group x is a row. */
  public static Kernel headsApart() {
    return new Kernel(rounding(), "headsApart", 256, 1);
  }

  /** The kernel that norms, turns and stores heads: group x is a head of a token. */
  static Kernel placeHeads(int items) {
    ProgramKey key = new ProgramKey(KernelUnit.VECTORS, null, null, Map.of(PLACING, 1));
    return new Kernel(key, "placeHeads", items, 1);
  }

  /** The kernel that finds the greatest value of few long rows: group x is a row. */
  static Kernel argmaxWide(int items) {
    ProgramKey key = new ProgramKey(KernelUnit.VECTORS, null, null, Map.of(ARGMAX, 1));
    return new Kernel(key, "argmaxWide", items, 1);
  }

  /** The kernel that keeps a card's arithmetic busy: any number of groups along x. */
  public static Kernel multiplyAdds() {
    ProgramKey key = new ProgramKey(KernelUnit.VECTORS, null, null, Map.of(MEASURE, 1));
    return new Kernel(key, "multiplyAdds", 256, 1);
  }

  /** Words of the table that products with integers need; 0 for none. */
  static int gridWords(GgmlType type) {
    int words = DeviceTables.integers(type).length;
    return words > 1 ? words : 0;
  }

  /** Teams of a group of {@code cards/integer-matvec}: more where they share a table. */
  static int teams(GgmlType type, int lanes) {
    return (gridWords(type) > 16 ? 256 : 128) / lanes;
  }

  /** Attention with heads of so many values. */
  static ProgramKey attention(int dim, int items) {
    return new ProgramKey(
        KernelUnit.ATTENTION, null, null, Map.of(HEAD, head(dim), "ITEMS", items));
  }

  /**
   * Attention with heads of so many values on matrix units; null where there is none for these
   * pages.
   */
  static ProgramKey attentionTensor(int dim, GgmlType typeK, GgmlType typeV, MatrixUnits units) {
    return TENSOR_PAGES.contains(typeK) && TENSOR_PAGES.contains(typeV)
        ? new ProgramKey(
            KernelUnit.ATTENTION, typeK, typeV, Map.of(HEAD, head(dim), TENSOR, units.capability()))
        : null;
  }

  private static int head(int dim) {
    int head = 0;
    for (int size : HEADS) {
      if (head < dim) {
        head = size;
      }
    }
    return head;
  }

  static int pages(GgmlType type) {
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
   * All programs that are made ahead, in a fixed order.
   *
   * @param units the matrix units that the cards may have; empty for cards without any
   */
  public static List<ProgramKey> programs(Tuning tuning, List<MatrixUnits> units) {
    List<CardFeatures> cards =
        (units.isEmpty() ? List.of(MatrixUnits.NONE) : units)
            .stream().map(own -> new CardFeatures(own, true, true, true, tuning)).toList();
    List<ProgramKey> all = new ArrayList<>();
    all.add(new ProgramKey(KernelUnit.VECTORS, null, null, Map.of()));
    all.add(rounding());
    all.add(placeHeads(1).program());
    all.add(argmaxWide(1).program());
    all.add(multiplyAdds().program());
    if (!units.isEmpty()) {
      all.add(narrow(Rounding.F16, 1).program());
    }
    for (GgmlType type : GgmlType.values()) {
      if (type.isWeightType()) {
        all.add(WeightWriter.weightKey(type, tuning));
        if (IntegerFormat.of(type) != null) {
          all.add(integers(type, cards.getFirst()));
          cards.forEach(card -> all.add(integerTiles(type, card)));
        } else {
          units.stream()
              .filter(own -> floats(type, own))
              .forEach(own -> all.add(tensor(type, own)));
        }
      }
    }
    for (GgmlType type : PAGES) {
      all.add(new ProgramKey(KernelUnit.STORE, type, null, Map.of()));
    }
    for (int head : HEADS) {
      all.add(attention(head, tuning.attentionItems()));
      for (MatrixUnits own : units) {
        for (GgmlType typeK : TENSOR_PAGES) {
          TENSOR_PAGES.forEach(typeV -> all.add(attentionTensor(head, typeK, typeV, own)));
        }
      }
    }
    return all;
  }

  /** Whether matrix units multiply a type of weights that is not made of integers. */
  static boolean floats(GgmlType type, MatrixUnits units) {
    return units.halves(type) != null || type == GgmlType.F32 && units == MatrixUnits.AMPERE;
  }

  /** The matrix units that a program needs. */
  public static MatrixUnits units(ProgramKey key) {
    return MatrixUnits.of(key.defines().getOrDefault(TENSOR, 0));
  }

  /** The whole text of a program, of the common ones too. */
  public static String text(Dialect dialect, ProgramKey key) {
    return text(dialect, key, Map.of());
  }

  /**
   * The whole text of a program, of the common ones too.
   *
   * @param device numbers that the device decides, as for {@link KernelText#of}
   */
  public static String text(Dialect dialect, ProgramKey key, Map<String, Integer> device) {
    Map<String, Integer> defines = key.defines();
    boolean heads = key.unit() == KernelUnit.ATTENTION && defines.containsKey(HEAD);
    boolean integer = defines.containsKey(INTEGER);
    boolean rounding = defines.containsKey(ROUNDING);
    boolean measure = defines.containsKey(MEASURE);
    boolean placing = defines.containsKey(PLACING);
    boolean argmax = defines.containsKey(ARGMAX);
    boolean narrow = defines.containsKey(NARROWING);
    boolean tensor = units(key) != MatrixUnits.NONE;
    boolean own = heads || integer || rounding || measure || placing || argmax || narrow || tensor;
    if (!own) {
      return KernelText.of(dialect, key, device);
    }
    StringBuilder text = new StringBuilder(1 << 15);
    KernelText.define(text, device);
    KernelText.define(text, defines);
    if (heads && tensor) {
      KernelText.preludes(text, dialect);
      KernelText.define(text, "TYPE_K", String.valueOf(pages(key.first())));
      KernelText.define(text, "TYPE_V", String.valueOf(pages(key.second())));
      text.append(KernelText.file("cards/page-types"))
          .append("#define DIM_V headV\n#define JOIN_ARGS , int headV\n")
          .append(KernelText.file("kernel/attention-join"))
          .append(KernelText.file("cards/matrix-units"))
          .append(KernelText.file("cards/attention-tensor"));
    } else if (heads) {
      KernelText.preludes(text, dialect);
      PAGES.forEach(type -> KernelText.decoder(text, type, "decode" + type, "one" + type));
      text.append(KernelText.file("cards/page-types"))
          .append(KernelText.file("cards/heads"))
          .append(KernelText.file("kernel/attention-join"));
      for (int lanes : AttentionShape.LANES) {
        KernelText.again(text, "kernel/attention", Map.of("LANES_Q", lanes));
      }
    } else if (rounding) {
      KernelText.preludes(text, dialect);
      text.append(KernelText.file("kernel/sums")).append(KernelText.file("cards/rounding"));
    } else if (argmax) {
      KernelText.preludes(text, dialect);
      text.append(KernelText.file("kernel/best")).append(KernelText.file("cards/argmax"));
    } else if (placing) {
      KernelText.preludes(text, dialect);
      KernelText.define(text, HEAD, String.valueOf(MOST_HEAD));
      PAGES.forEach(type -> KernelText.encoder(text, type, "encode" + type));
      text.append(KernelText.file("cards/page-types")).append(KernelText.file("cards/placing"));
    } else if (measure) {
      KernelText.preludes(text, dialect);
      text.append(KernelText.file("cards/measure"));
    } else if (narrow) {
      KernelText.preludes(text, dialect);
      text.append(KernelText.file("cards/narrow"));
    } else if (integer) {
      boolean tiles = defines.containsKey(TILES) || tensor;
      Map<String, Integer> numbers = new TreeMap<>();
      if (tiles) {
        numbers.put(TILE_TOKENS, AHEAD_TOKENS);
      } else {
        int lanes = defines.getOrDefault(LANES, AHEAD_LANES);
        numbers.put(LANES, lanes);
        numbers.put("TEAMS", teams(key.first(), lanes));
        numbers.put("ROWS", INTEGER_ROWS);
      }
      numbers.keySet().removeAll(defines.keySet());
      integers(text, dialect, key.first(), numbers);
      if (tiles) {
        if (tensor) {
          text.append(KernelText.file("cards/matrix-units"));
        }
        text.append(KernelText.file("cards/integer-matmul"));
      } else {
        for (int tokens : new int[] {1, 4, 8}) {
          KernelText.again(text, "cards/integer-matvec", Map.of("TOKENS", tokens));
        }
      }
    } else if (units(key).halves(key.first()) != null) {
      KernelText.preludes(text, dialect);
      KernelText.define(text, "WEIGHT_" + key.first(), "1");
      text.append(KernelText.file("kernel/addend"))
          .append(KernelText.file("cards/matrix-units"))
          .append(KernelText.file("cards/matmul-halves"));
    } else {
      KernelText.rows(text, dialect, key.first());
      text.append(KernelText.file("cards/matrix-units"))
          .append(KernelText.file("cards/matmul-tensor"));
    }
    return text.toString();
  }

  /** How rows of a type are read as integers. */
  private static void integers(
      StringBuilder text, Dialect dialect, GgmlType type, Map<String, Integer> numbers) {
    IntegerFormat format = IntegerFormat.of(type);
    KernelText.preludes(text, dialect);
    numbers.put("WEIGHT_VALUES", type.blockSize());
    numbers.put("BLOCK_BYTES", type.blockBytes() - format.headBytes());
    numbers.put("HEAD_BYTES", format.headBytes());
    numbers.put("UNIT_PIECES", format.unitPieces());
    numbers.put("UNIT_STRIDE", format.unitStride());
    numbers.put("PART", format.part());
    numbers.put("GRID_WORDS", gridWords(type));
    if (format.minimums()) {
      numbers.put("MINIMUMS", 1);
    }
    if (format.joined()) {
      numbers.put("JOINED", 1);
    }
    KernelText.define(text, numbers);
    switch (type) {
      case Q4_K, Q5_K -> text.append(KernelText.file("integer/k-pairs"));
      case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S ->
          text.append(KernelText.file("integer/grids"));
      default -> {}
    }
    text.append(KernelText.file("integer/" + type))
        .append(KernelText.file("cards/integer-rows"))
        .append(KernelText.file("kernel/addend"))
        .append(KernelText.file("cards/integer-matrices"));
  }
}
