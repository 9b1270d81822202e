package dev.lamina.app;

import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.features.Backends;
import dev.lamina.features.FeatureMatrix;
import dev.lamina.features.FoundBackend;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lamina devices}: the devices found here, and why a backend has none. */
@Command(name = "devices", description = "Show the devices found here, and why a backend has none.")
final class DevicesCommand implements Runnable {

  @Spec private CommandSpec spec;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public void run() {
    VectorModule.load();
    PrintWriter out = spec.commandLine().getOut();
    try (Backends backends = Backends.discover(DeviceOptions.DEFAULT)) {
      FeatureMatrix matrix = FeatureMatrix.of(backends);
      if (json) {
        Json.print(out, describe(backends, matrix));
      } else {
        print(out, backends, matrix);
      }
    }
  }

  private static void print(PrintWriter out, Backends backends, FeatureMatrix matrix) {
    for (Device device : backends.devices()) {
      DeviceInfo info = device.info();
      out.println(info.id() + ": " + info.description());
      out.println("  kind    " + kind(info));
      out.println(
          "  memory  "
              + Text.bytes(info.memoryTotal())
              + ", "
              + Text.bytes(info.memoryFree())
              + " free");
      out.println("  driver  " + info.driver());
      info.notes().forEach(note -> out.println("  note    " + note));
    }
    out.println();
    for (FeatureMatrix.Column column : matrix.columns()) {
      if (column.devices().isEmpty()) {
        out.println(column.label() + ": no device");
      } else if (!column.reasons().isEmpty()) {
        out.println(column.label() + ":");
      }
      column.reasons().forEach(reason -> out.println("  " + reason));
    }
    // What matrix columns cannot show: a provider that did not even tell its name.
    for (FoundBackend found : backends.found()) {
      if (matrix.columns().stream().noneMatch(c -> c.name().equals(found.name()))) {
        found.reasons().forEach(reason -> out.println(found.name() + ": " + reason));
      }
    }
  }

  private static String kind(DeviceInfo info) {
    return info.kind().name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static Map<String, Object> describe(Backends backends, FeatureMatrix matrix) {
    List<Object> devices = new ArrayList<>();
    for (Device device : backends.devices()) {
      DeviceInfo info = device.info();
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("id", info.id());
      entry.put("backend", info.backend());
      entry.put("description", info.description());
      entry.put("kind", info.kind().name().toLowerCase(Locale.ROOT));
      entry.put("memory_total", info.memoryTotal());
      entry.put("memory_free", info.memoryFree());
      entry.put("driver", info.driver());
      entry.put("notes", info.notes());
      devices.add(entry);
    }
    Map<String, Object> reasons = new LinkedHashMap<>();
    for (FeatureMatrix.Column column : matrix.columns()) {
      if (!column.reasons().isEmpty()) {
        reasons.put(column.name(), column.reasons());
      }
    }
    for (FoundBackend found : backends.found()) {
      if (!found.reasons().isEmpty()) {
        reasons.putIfAbsent(found.name(), found.reasons());
      }
    }
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("devices", devices);
    all.put("reasons", reasons);
    return all;
  }
}
