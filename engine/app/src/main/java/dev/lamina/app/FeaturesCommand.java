package dev.lamina.app;

import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.features.Backends;
import dev.lamina.features.FeatureMatrix;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lamina features}: what each backend of this build can do on this machine. */
@Command(
    name = "features",
    description = "Show which backend can do what, in this build and on this machine.")
final class FeaturesCommand implements Runnable {

  @Spec private CommandSpec spec;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Option(names = "--markdown", description = "Print a Markdown table.")
  private boolean markdown;

  @Override
  public void run() {
    VectorModule.load();
    PrintWriter out = spec.commandLine().getOut();
    try (Backends backends = Backends.discover(DeviceOptions.DEFAULT)) {
      FeatureMatrix matrix = FeatureMatrix.of(backends);
      if (json) {
        Json.print(out, describe(matrix));
      } else {
        out.print(markdown ? matrix.markdown() : matrix.text());
      }
    }
  }

  private static Map<String, Object> describe(FeatureMatrix matrix) {
    List<Object> backends = new ArrayList<>();
    for (FeatureMatrix.Column column : matrix.columns()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("name", column.name());
      entry.put("label", column.label());
      entry.put("in_build", column.inBuild());
      entry.put("devices", column.devices().stream().map(DeviceInfo::id).toList());
      entry.put("reasons", column.reasons());
      backends.add(entry);
    }
    List<Object> features = new ArrayList<>();
    for (FeatureMatrix.Row row : matrix.rows()) {
      Map<String, Object> cells = new LinkedHashMap<>();
      for (int i = 0; i < row.cells().size(); i++) {
        Map<String, Object> cell = new LinkedHashMap<>();
        cell.put("state", row.cells().get(i).state().text());
        cell.put("notes", row.cells().get(i).notes());
        cells.put(matrix.columns().get(i).name(), cell);
      }
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("id", row.feature().id());
      entry.put("label", row.feature().label());
      entry.put("backends", cells);
      features.add(entry);
    }
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("backends", backends);
    all.put("features", features);
    return all;
  }
}
