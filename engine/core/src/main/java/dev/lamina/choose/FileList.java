package dev.lamina.choose;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The files of one model, sorted out: parts of a split one count as one, what is no model is left
 * out.
 *
 * @param models the largest first
 * @param leftOut what is no model or cannot be used, with the reason
 */
public record FileList(List<ModelFile> models, Map<String, String> leftOut) {
  /** The reason for everything that is no GGUF file. */
  public static final String NO_GGUF = "no GGUF file";

  private static final Pattern PART = Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})");

  /**
   * What stands beside models and is none, by a part of its name (those that llama.cpp leaves out,
   * and vocabularies).
   */
  private static final Map<String, String> NO_MODELS =
      Map.of(
          "mmproj", "a projector for images",
          "imatrix", "an importance matrix",
          "mtp-", "a head for drafts",
          "eagle3-", "a model for drafts",
          "dflash-", "a model for drafts",
          "dspark-", "a model for drafts",
          "ggml-vocab-", "a vocabulary");

  public FileList {
    models = List.copyOf(models);
  }

  /**
   * A file as it is listed.
   *
   * @param name with folders, if any
   * @param quant its type where something else than the name tells it; else null
   */
  public record Entry(String name, long bytes, Quant quant) {
    /** An entry whose name tells its type. */
    public Entry(String name, long bytes) {
      this(name, bytes, null);
    }
  }

  /**
   * The parts of a name: {@code folder/stem-00001-of-00003.gguf}; part and count 1 for one file.
   */
  private record Parts(String folder, String stem, int part, int count) {
    static Parts of(String name) {
      int slash = name.replace('\\', '/').lastIndexOf('/');
      String stem = name.substring(slash + 1);
      if (stem.toLowerCase(Locale.ROOT).endsWith(".gguf")) {
        stem = stem.substring(0, stem.length() - ".gguf".length());
      }
      Matcher part = PART.matcher(stem);
      String folder = name.substring(0, slash + 1);
      return part.matches()
          ? new Parts(
              folder,
              part.group(1),
              Integer.parseInt(part.group(2)),
              Integer.parseInt(part.group(3)))
          : new Parts(folder, stem, 1, 1);
    }
  }

  /** The name of the model and its type as one text, without folder, ending and part. */
  public static String stem(String name) {
    return Parts.of(name).stem;
  }

  /**
   * The names of the models without their types: more than one where files of different models
   * stand side by side. Files whose type the name does not tell do not count.
   */
  public SortedSet<String> modelNames() {
    SortedSet<String> names = new TreeSet<>();
    for (ModelFile model : models) {
      String stem = stem(model.name());
      if (Quant.inFileName(stem).isPresent()) {
        names.add(
            Stream.of(stem.split("[-.]"))
                .filter(word -> Quant.byName(word).isEmpty())
                .collect(Collectors.joining("-")));
      }
    }
    return names;
  }

  /** Why a file is no model; empty where it looks like one. */
  public static Optional<String> noModel(String name) {
    String file = name.substring(name.lastIndexOf('/') + 1).toLowerCase(Locale.ROOT);
    return NO_MODELS.entrySet().stream()
        .filter(e -> file.contains(e.getKey()))
        .map(Map.Entry::getValue)
        .findFirst();
  }

  /** Whether a name without an ending ends in a type: how people write lists. */
  private static boolean isTypeAlone(String name) {
    return Quant.byName(name.substring(name.lastIndexOf('-') + 1)).isPresent();
  }

  /** Sorts files out. Files that do not end in {@code .gguf} must end in a type. */
  public static FileList of(List<Entry> entries) {
    Map<String, String> leftOut = new LinkedHashMap<>();
    Map<String, TreeMap<Integer, Entry>> sets = new LinkedHashMap<>();
    for (Entry entry : entries) {
      Optional<String> why = noModel(entry.name);
      boolean gguf = entry.name.toLowerCase(Locale.ROOT).endsWith(".gguf");
      if (why.isPresent()) {
        leftOut.put(entry.name, why.get());
      } else if (!gguf && !isTypeAlone(entry.name)) {
        leftOut.put(entry.name, NO_GGUF);
      } else {
        Parts parts = Parts.of(entry.name);
        sets.computeIfAbsent(parts.folder + parts.stem + "/" + parts.count, key -> new TreeMap<>())
            .put(parts.part, entry);
      }
    }
    List<ModelFile> models = new ArrayList<>();
    for (TreeMap<Integer, Entry> set : sets.values()) {
      Entry first = set.firstEntry().getValue();
      Parts parts = Parts.of(first.name);
      if (set.size() < parts.count || set.firstKey() != 1 || set.lastKey() != parts.count) {
        leftOut.put(
            first.name, "only " + set.size() + " of its " + parts.count + " parts are there");
        continue;
      }
      Quant quant = first.quant != null ? first.quant : Quant.inFileName(parts.stem).orElse(null);
      long bytes = set.values().stream().mapToLong(Entry::bytes).sum();
      models.add(new ModelFile(first.name, quant, bytes, set.size()));
    }
    models.sort(
        Comparator.comparingLong(ModelFile::bytes).reversed().thenComparing(ModelFile::name));
    return new FileList(models, leftOut);
  }
}
