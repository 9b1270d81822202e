package dev.lamina.app;

import dev.lamina.app.hub.HubCache;
import dev.lamina.choose.Sizes;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lamina list}: the models in the cache of the hub. */
@Command(
    name = "list",
    description = "Show the models in the cache of Hugging Face, for -hf and rm.")
final class ListCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public void run() {
    var folder = HubModels.settings().cache();
    HubCache cache = new HubCache(folder);
    List<CachedModels.Entry> models = new ArrayList<>();
    Map<String, Long> unfinished = new LinkedHashMap<>();
    for (String repo : cache.repos()) {
      models.addAll(CachedModels.of(cache, repo));
      if (cache.unfinished(repo) > 0) {
        unfinished.put(repo, cache.unfinished(repo));
      }
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      List<Object> entries = new ArrayList<>();
      for (CachedModels.Entry model : models) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("name", model.name());
        entry.put("bytes", model.bytes());
        entry.put("files", model.files().stream().map(f -> f.file().toString()).toList());
        entries.add(entry);
      }
      Map<String, Object> all = new LinkedHashMap<>();
      all.put("cache", folder.toString());
      all.put("models", entries);
      all.put("unfinished", unfinished);
      Json.print(out, all);
      return;
    }
    if (models.isEmpty()) {
      Notes.tell(spec.commandLine().getErr(), "there are no models in " + folder);
    } else {
      List<List<String>> rows = new ArrayList<>();
      rows.add(List.of("model", "size", "parts"));
      for (CachedModels.Entry model : models) {
        rows.add(
            List.of(
                Text.printable(model.name(), 200),
                Sizes.gb(model.bytes()),
                Long.toString(model.parts())));
      }
      out.print(Text.table("lrr", rows));
    }
    unfinished.forEach(
        (repo, bytes) ->
            Notes.tell(
                spec.commandLine().getErr(),
                "of " + repo + " something is unfinished; pull it again to go on, or rm it"));
  }
}
