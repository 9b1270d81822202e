package dev.lamina.features;

import dev.lamina.backend.DeviceInfo;
import dev.lamina.features.FeatureMatrix.Column;
import dev.lamina.features.FeatureMatrix.Row;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Draws a feature matrix as text or Markdown, with numbered footnotes. */
final class FeatureTable {
  private static final String NESTED = "  ";

  private FeatureTable() {}

  static String text(FeatureMatrix matrix) {
    Footnotes footnotes = new Footnotes();
    List<List<String>> lines = lines(matrix, footnotes);
    int[] widths = new int[matrix.columns().size() + 1];
    for (List<String> line : lines) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], line.get(i).length());
      }
    }
    StringBuilder out = new StringBuilder();
    for (List<String> line : lines) {
      StringBuilder row = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        row.append(line.get(i)).repeat(' ', widths[i] - line.get(i).length() + 2);
      }
      out.append(row.toString().stripTrailing()).append('\n');
    }
    out.append('\n').append(footnotes.text("", ""));
    out.append("\nDevices found here:\n");
    for (Column column : matrix.columns()) {
      for (DeviceInfo device : column.devices()) {
        out.append(NESTED)
            .append(device.id())
            .append(": ")
            .append(device.description())
            .append('\n');
      }
      for (String reason : column.reasons()) {
        out.append(NESTED).append(column.label()).append(": ").append(reason).append('\n');
      }
    }
    return out.toString();
  }

  static String markdown(FeatureMatrix matrix) {
    Footnotes footnotes = new Footnotes();
    List<List<String>> lines = lines(matrix, footnotes);
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < lines.size(); i++) {
      List<String> cells = lines.get(i);
      String name = cells.getFirst();
      // Markdown drops leading blanks.
      String first = name.startsWith(NESTED) ? "&nbsp;&nbsp;" + name.strip() : name;
      String rest = cells.stream().skip(1).collect(Collectors.joining(" | "));
      out.append("| ").append(first).append(" | ").append(rest).append(" |\n");
      if (i == 0) {
        out.append("|---".repeat(cells.size())).append("|\n");
      }
    }
    return out.append('\n').append(footnotes.text("- ", "")).toString();
  }

  private static List<List<String>> lines(FeatureMatrix matrix, Footnotes footnotes) {
    List<List<String>> lines = new ArrayList<>();
    List<String> head = new ArrayList<>();
    head.add("Feature");
    matrix.columns().forEach(column -> head.add(column.label()));
    lines.add(head);
    for (Row row : matrix.rows()) {
      List<String> line = new ArrayList<>();
      line.add((row.feature().nested() ? NESTED : "") + row.feature().label());
      row.cells().forEach(cell -> line.add(cell.state().text() + footnotes.marks(cell)));
      lines.add(line);
    }
    return lines;
  }

  /** Numbers the notes; equal ones share a number. */
  private static final class Footnotes {
    private final Map<String, Integer> numbers = new LinkedHashMap<>();

    String marks(Cell cell) {
      if (cell.notes().isEmpty()) {
        return "";
      }
      return cell.notes().stream()
          .map(note -> numbers.computeIfAbsent(note, n -> numbers.size() + 1).toString())
          .collect(Collectors.joining(",", " [", "]"));
    }

    String text(String before, String after) {
      StringBuilder out = new StringBuilder();
      numbers.forEach(
          (note, number) ->
              out.append(before)
                  .append('[')
                  .append(number)
                  .append("] ")
                  .append(note)
                  .append(after)
                  .append('\n'));
      return out.toString();
    }
  }
}
