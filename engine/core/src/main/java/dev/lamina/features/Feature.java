package dev.lamina.features;

import dev.lamina.gguf.GgmlType;
import dev.lamina.gguf.GgmlType.Family;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** A row of the feature matrix. */
public sealed interface Feature {
  /** Weights of any type of a family: a summary of its {@link WeightType} rows. */
  record WeightFamily(Family family) implements Feature {
    @Override
    public String id() {
      return family.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    @Override
    public String label() {
      return switch (family) {
        case FLOAT -> "Float types";
        case LEGACY -> "Legacy quants";
        case K_QUANT -> "K-quants";
        case I_QUANT -> "I-quants";
        case TERNARY -> "Ternary quants";
        case MICROSCALING -> "Microscaling floats";
        case INTEGER -> "Integers";
      };
    }
  }

  /** Layers with weights of one type. */
  record WeightType(GgmlType type) implements Feature {
    @Override
    public String id() {
      return type.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String label() {
      return type.name();
    }
  }

  /** Keys and values stored as one type. */
  record KvType(GgmlType type) implements Feature {
    @Override
    public String id() {
      return "kv-" + type.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String label() {
      return "KV cache " + type.name();
    }
  }

  /** What is no matter of one type. */
  enum Trait implements Feature {
    /** Weights are brought into a faster layout while loading. */
    ONLINE_REPACKING("Online repacking"),
    /** Keys and values stored in a quantized type: a summary of the {@link KvType} rows. */
    KV_CACHE_QUANTS("KV cache quants"),
    /** Attention that never stores the whole score matrix. */
    FLASH_ATTENTION("Flash attention"),
    /** Routers and expert matrix products. */
    MIXTURE_OF_EXPERTS("Mixture of experts"),
    /** Devices that share the layers of one model. */
    SEVERAL_DEVICES("Several devices in one run");

    private final String label;

    Trait(String label) {
      this.label = label;
    }

    @Override
    public String id() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    @Override
    public String label() {
      return label;
    }
  }

  /** The types in which keys and values can be stored, the default first. */
  List<GgmlType> KV_TYPES =
      List.of(GgmlType.F16, GgmlType.BF16, GgmlType.F32, GgmlType.Q8_0, GgmlType.Q4_0);

  /** The name for programs: lower case, such as {@code k-quant}, {@code q4_k}, {@code kv-q8_0}. */
  String id();

  /** The name for people. */
  String label();

  /** Whether the row belongs under the summary before it. */
  default boolean nested() {
    return this instanceof WeightType || this instanceof KvType;
  }

  /** All rows, top to bottom. */
  static List<Feature> all() {
    List<Feature> rows = new ArrayList<>();
    for (Family family : Family.values()) {
      if (family != Family.INTEGER) {
        rows.add(new WeightFamily(family));
        types(family).forEach(type -> rows.add(new WeightType(type)));
      }
    }
    rows.add(Trait.ONLINE_REPACKING);
    rows.add(Trait.KV_CACHE_QUANTS);
    KV_TYPES.forEach(type -> rows.add(new KvType(type)));
    rows.add(Trait.FLASH_ATTENTION);
    rows.add(Trait.MIXTURE_OF_EXPERTS);
    rows.add(Trait.SEVERAL_DEVICES);
    return rows;
  }

  /** The row with this {@link #id()}, in any case. */
  static Optional<Feature> byId(String id) {
    return all().stream().filter(row -> row.id().equalsIgnoreCase(id)).findFirst();
  }

  /** The types of a family. */
  static List<GgmlType> types(Family family) {
    return Arrays.stream(GgmlType.values()).filter(type -> type.family() == family).toList();
  }
}
