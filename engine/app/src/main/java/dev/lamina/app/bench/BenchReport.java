package dev.lamina.app.bench;

import dev.lamina.backend.DeviceInfo;
import dev.lamina.placement.Placement;
import dev.lamina.session.LoadOptions;
import dev.lamina.session.Model;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Results as tables: Markdown with llama-bench's columns, and records with llama-bench's keys; both
 * with what share of the hardware's limit was reached, and how fast each type is against the first.
 */
public final class BenchReport {
  private final String version;
  private final List<BenchResult> results = new ArrayList<>();

  /**
   * @param version the program's version, for {@code build_commit}
   */
  public BenchReport(String version) {
    this.version = version;
  }

  /** Adds a result; percentages refer to the first result of the same test. */
  public void add(BenchResult result) {
    results.add(result);
  }

  /** The Markdown table's head. */
  public static String markdownHead() {
    return row(
            "model", "size", "params", "backend", "ngl", "threads", "test", "t/s", "limit", "first")
        + "\n"
        + row(":--", "--:", "--:", ":--", "--:", "--:", "--:", "--:", "--:", "--:");
  }

  /** The Markdown row of the result added last. */
  public String markdownRow() {
    BenchResult result = results.getLast();
    BenchModel model = result.model();
    return row(
        model.type(),
        model.bytes() < 1L << 30
            ? String.format(Locale.ROOT, "%.2f MiB", model.bytes() / (double) (1L << 20))
            : String.format(Locale.ROOT, "%.2f GiB", model.bytes() / (double) (1L << 30)),
        model.parameters() < 1_000_000_000L
            ? String.format(Locale.ROOT, "%.2f M", model.parameters() / 1e6)
            : String.format(Locale.ROOT, "%.2f B", model.parameters() / 1e9),
        backends(model.model()),
        Integer.toString(model.model().placement().offloaded()),
        Integer.toString(threads(model.model())),
        result.test().label(),
        String.format(
            Locale.ROOT,
            "%.2f ± %.2f",
            result.tokensPerSecond(),
            BenchResult.deviation(result.samples())),
        limit(result),
        percentOfFirst(result));
  }

  private static String row(String... cells) {
    return Arrays.stream(cells).collect(Collectors.joining(" | ", "| ", " |"));
  }

  private static String limit(BenchResult result) {
    String unit = result.test().prompt() > 0 ? "GFLOP/s" : "GB/s";
    String rate = String.format(Locale.ROOT, "%.1f %s", result.rate() / 1e9, unit);
    return Double.isNaN(result.share())
        ? rate
        : rate + String.format(Locale.ROOT, ", %.0f %%", 100 * result.share());
  }

  private String percentOfFirst(BenchResult result) {
    double first =
        results.stream()
            .filter(r -> r.test().equals(result.test()))
            .findFirst()
            .orElseThrow()
            .tokensPerSecond();
    return String.format(Locale.ROOT, "%.0f %%", 100 * result.tokensPerSecond() / first);
  }

  private static String backends(Model model) {
    return model.placement().stages().stream()
        .map(stage -> stage.device().info().backend().toUpperCase(Locale.ROOT))
        .distinct()
        .collect(Collectors.joining(","));
  }

  private static int threads(Model model) {
    return model.placement().embedding().threads();
  }

  /** One result as a record with llama-bench's keys, and ours at the end. */
  public Map<String, Object> record(BenchResult result) {
    BenchModel model = result.model();
    LoadOptions options = model.model().options();
    Placement placement = model.model().placement();
    Map<String, Object> out = new LinkedHashMap<>();
    out.put("build_commit", version);
    out.put("build_number", 0);
    out.put("cpu_info", placement.embedding().info().description());
    out.put("gpu_info", gpus(placement));
    out.put("backends", backends(model.model()));
    out.put("model_filename", model.fileName());
    out.put("model_type", model.type());
    out.put("model_size", model.bytes());
    out.put("model_n_params", model.parameters());
    out.put("n_batch", options.ubatch());
    out.put("n_ubatch", options.ubatch());
    out.put("n_threads", threads(model.model()));
    out.put("type_k", options.model().typeK().name().toLowerCase(Locale.ROOT));
    out.put("type_v", options.model().typeV().name().toLowerCase(Locale.ROOT));
    out.put("n_gpu_layers", placement.offloaded());
    out.put("split_mode", options.placement().splitMode().name().toLowerCase(Locale.ROOT));
    out.put("main_gpu", options.placement().mainGpu());
    out.put("no_kv_offload", !options.placement().kvOffload());
    out.put("flash_attn", true);
    out.put("devices", devices(placement));
    out.put("tensor_split", tensorSplit(options));
    out.put("use_mmap", options.mapped());
    out.put("n_prompt", result.test().prompt());
    out.put("n_gen", result.test().generated());
    out.put("n_depth", result.test().depth());
    out.put("n_parallel", result.test().parallel());
    out.put("test_time", result.time().toString());
    double[] nanos = Arrays.stream(result.nanos()).asDoubleStream().toArray();
    out.put("avg_ns", Math.round(result.meanNanos()));
    out.put("stddev_ns", Math.round(BenchResult.deviation(nanos)));
    out.put("avg_ts", result.tokensPerSecond());
    out.put("stddev_ts", BenchResult.deviation(result.samples()));
    out.put("samples_ns", Arrays.stream(result.nanos()).boxed().toList());
    out.put("samples_ts", Arrays.stream(result.samples()).boxed().toList());
    out.put(
        "read_bytes_per_second", model.speed() == null ? null : model.speed().readBytesPerSecond());
    out.put(
        "float_ops_per_second", model.speed() == null ? null : model.speed().floatOpsPerSecond());
    out.put("load_bytes_per_second", model.bytes() * 1e9 / model.loadNanos());
    out.put("decode_bytes", model.cost().decodeBytes());
    out.put("prefill_flops", model.cost().prefillFlops());
    out.put("share_of_limit", Double.isNaN(result.share()) ? null : result.share());
    Map<String, Object> work = new LinkedHashMap<>();
    result.work().forEach((id, perToken) -> work.put(id, perToken.record()));
    out.put("device_work_per_token", work);
    return out;
  }

  /** All results as records. */
  public List<Map<String, Object>> records() {
    return results.stream().map(this::record).toList();
  }

  /** The heading of the comma-separated form: the records' keys. */
  public static String csvHead(Map<String, Object> record) {
    return String.join(",", record.keySet());
  }

  /** A record in comma-separated form; every value is quoted, lists and missing ones as well. */
  public static String csvRow(Map<String, Object> record) {
    return record.values().stream()
        .map(value -> value == null ? "" : value.toString())
        .map(text -> '"' + text.replace("\"", "\"\"") + '"')
        .collect(Collectors.joining(","));
  }

  private static String gpus(Placement placement) {
    return placement.stages().stream()
        .map(stage -> stage.device().info())
        .filter(info -> info.kind() != DeviceInfo.Kind.CPU)
        .map(DeviceInfo::description)
        .distinct()
        .collect(Collectors.joining(", "));
  }

  private static String devices(Placement placement) {
    return placement.stages().stream()
        .map(stage -> stage.device().info().id())
        .distinct()
        .collect(Collectors.joining("/"));
  }

  private static String tensorSplit(LoadOptions options) {
    return options.placement().tensorSplit().isEmpty()
        ? "0.00"
        : options.placement().tensorSplit().stream()
            .map(share -> String.format(Locale.ROOT, "%.2f", share))
            .collect(Collectors.joining("/"));
  }
}
