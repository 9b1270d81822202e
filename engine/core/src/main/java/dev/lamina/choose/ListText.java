package dev.lamina.choose;

import dev.lamina.LaminaException;
import dev.lamina.chat.json.Json;
import dev.lamina.chat.json.JsonException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a list of files and sizes that somebody wrote down: lines with a name and a size, the table
 * of a model card, or JSON (a list of objects with {@code name}, {@code path} or {@code rfilename}
 * and {@code size}, or one object of names and sizes; numbers are bytes).
 */
public final class ListText {
  private static final Pattern SIZE =
      Pattern.compile("(?i)(?<![\\w.-])(\\d+(?:\\.\\d+)?)\\s*([KMGT]i?B|B)(?![\\w])");
  private static final Pattern LINK = Pattern.compile("\\[([^\\]]+)\\]\\([^)]*\\)");
  private static final List<String> NAMES = List.of("name", "path", "rfilename", "file");

  private ListText() {}

  /**
   * Reads a list.
   *
   * @param source where the text comes from, for messages
   * @throws LaminaException where a line has a name that looks like a model's and no size, or the
   *     JSON is something else
   */
  public static List<FileList.Entry> read(String text, String source) {
    String start = text.stripLeading();
    List<FileList.Entry> entries =
        start.startsWith("[{") || start.startsWith("{") || start.matches("(?s)\\[\\s*[{\\]].*")
            ? json(text, source)
            : lines(text, source);
    if (entries.isEmpty()) {
      throw new LaminaException(
          source + ": has no line with a file's name and its size, such as 'Q4_K_M 42.52 GB'");
    }
    return entries;
  }

  private static List<FileList.Entry> lines(String text, String source) {
    List<FileList.Entry> entries = new ArrayList<>();
    int number = 0;
    for (String line : text.lines().toList()) {
      number++;
      // A table's cells are words as well, and of a link its text counts.
      String words =
          LINK.matcher(line).replaceAll("$1").replace('|', ' ').replace('`', ' ').strip();
      if (words.isEmpty() || words.startsWith("#") || words.matches("[\\s:-]+")) {
        continue;
      }
      String name = words.split("[\\s,;]+")[0];
      Matcher size = SIZE.matcher(words);
      if (size.find()) {
        entries.add(new FileList.Entry(name, Sizes.file(size.group(1) + size.group(2))));
      } else if (name.endsWith(".gguf") || Quant.byName(name).isPresent()) {
        throw new LaminaException(
            source + ": line " + number + " has no size for " + name + ", such as 42.52 GB");
      }
    }
    return entries;
  }

  private static List<FileList.Entry> json(String text, String source) {
    List<FileList.Entry> entries = new ArrayList<>();
    try {
      switch (Json.read(text)) {
        case Map<?, ?> map -> map.forEach((name, size) -> entries.add(entry(name, size, source)));
        case List<?> list -> {
          for (Object element : list) {
            if (!(element instanceof Map<?, ?> map)) {
              throw wrong(source, element);
            }
            Optional<String> name =
                NAMES.stream()
                    .map(map::get)
                    .filter(String.class::isInstance)
                    .map(String.class::cast)
                    .findFirst();
            Object size = map.get("size");
            // Folders in the listing of a repository.
            if (!"directory".equals(map.get("type"))) {
              entries.add(entry(name.orElse(""), size, source));
            }
          }
        }
        default -> throw wrong(source, text);
      }
    } catch (JsonException e) {
      throw new LaminaException(source + ": is no JSON: " + e.getMessage(), e);
    }
    return entries;
  }

  private static FileList.Entry entry(Object name, Object size, String source) {
    return switch (size) {
      case Number bytes when !"".equals(name) ->
          new FileList.Entry(name.toString(), bytes.longValue());
      case String words when !"".equals(name) ->
          new FileList.Entry(name.toString(), Sizes.file(words));
      case null, default -> throw wrong(source, name + ": " + size);
    };
  }

  private static LaminaException wrong(String source, Object what) {
    String shown = String.valueOf(what);
    return new LaminaException(
        source
            + ": "
            + (shown.length() > 60 ? shown.substring(0, 60) + "..." : shown)
            + " is no file with a name and a size");
  }
}
