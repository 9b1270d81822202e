package dev.lamina.gguf;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files of a model that was split: {@code NAME-00001-of-0000N.gguf}, with the keys {@code
 * split.no} (from 0), {@code split.count} and {@code split.tensors.count} in each part.
 *
 * @param index which part was given
 */
record SplitSet(int index, List<Path> paths) {
  private static final Pattern NAME = Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})(\\.[^.]*)?");

  int count() {
    return paths.size();
  }

  Path path(int i) {
    return paths.get(i);
  }

  /** The set that a part belongs to; a set of one for a file that is not split. */
  static SplitSet of(Path path, GgufPart part) {
    Metadata metadata = part.metadata();
    int count = metadata.integer("split.count", 0);
    if (count <= 1) {
      return new SplitSet(0, List.of(path));
    }
    int index = metadata.integer("split.no");
    if (index < 0 || index >= count || count > 99_999) {
      throw new GgufException(
          part.source() + ": split.no is " + index + " where split.count is " + count);
    }
    Matcher name = NAME.matcher(path.getFileName().toString());
    if (!name.matches()
        || Integer.parseInt(name.group(2)) != index + 1
        || Integer.parseInt(name.group(3)) != count) {
      throw new GgufException(
          part.source()
              + ": this is part "
              + (index + 1)
              + " of a model split into "
              + count
              + " files, and its name must end in "
              + suffix(index, count)
              + ".gguf for the others to be found; rename it back");
    }
    List<Path> paths = new ArrayList<>();
    List<String> missing = new ArrayList<>();
    String end = name.group(4) == null ? "" : name.group(4);
    for (int i = 0; i < count; i++) {
      Path file = path.resolveSibling(name.group(1) + suffix(i, count) + end);
      paths.add(file);
      if (!Files.exists(file)) {
        missing.add(file.getFileName().toString());
      }
    }
    if (!missing.isEmpty()) {
      throw new GgufException(
          part.source()
              + ": the model is split into "
              + count
              + " files, and beside this one "
              + (missing.size() == 1
                  ? missing.getFirst() + " is missing; download it to the same folder"
                  : missing.size()
                      + " are missing, first "
                      + missing.getFirst()
                      + "; download them to the same folder"));
    }
    return new SplitSet(index, paths);
  }

  /** Checks that the parts agree on what they are parts of. */
  void check(List<GgufPart> parts) {
    if (parts.size() == 1) {
      return;
    }
    long tensors = 0;
    for (int i = 0; i < parts.size(); i++) {
      GgufPart part = parts.get(i);
      require(part, "split.no", i);
      require(part, "split.count", parts.size());
      tensors += part.tensors().size();
    }
    for (GgufPart part : parts) {
      if (part.metadata().has("split.tensors.count")) {
        require(part, "split.tensors.count", tensors);
      }
    }
  }

  private static void require(GgufPart part, String key, long expected) {
    int found = part.metadata().integer(key);
    if (found != expected) {
      throw new GgufException(
          part.source()
              + ": "
              + key
              + " is "
              + found
              + " where "
              + expected
              + " belongs; the parts are not of the same model, so download them again");
    }
  }

  private static String suffix(int index, int count) {
    return String.format(Locale.ROOT, "-%05d-of-%05d", index + 1, count);
  }
}
