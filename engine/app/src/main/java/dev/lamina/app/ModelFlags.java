package dev.lamina.app;

import dev.lamina.LaminaException;
import dev.lamina.backend.CpuMath;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.gguf.GgmlType;
import dev.lamina.model.ModelOptions;
import dev.lamina.model.RopeScaling;
import dev.lamina.placement.GpuLayers;
import dev.lamina.placement.PlacementRequest;
import dev.lamina.session.LoadOptions;
import dev.lamina.session.LoadProgress;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The flags of which model to load and how; names and defaults are llama.cpp's. */
final class ModelFlags {

  @Spec(Target.MIXEE)
  private CommandSpec spec;

  @Mixin private FileFlags file;

  @Option(
      names = {"-c", "--ctx-size"},
      paramLabel = "N",
      description = "Tokens of context. 0: what the model was trained with, at most 4096. [0]")
  private int context;

  @Option(
      names = {"-b", "--batch-size"},
      paramLabel = "N",
      description = "Tokens computed at once, at most -ub of them in one step. [2048]")
  private int batch = 2048;

  @Option(
      names = {"-ub", "--ubatch-size"},
      paramLabel = "N",
      description = "Tokens in one step. [512]")
  private int ubatch = LoadOptions.DEFAULT.ubatch();

  @Option(
      names = {"-t", "--threads"},
      paramLabel = "N",
      description =
          "Threads of the CPU, at most 8 a processor. 0 or less: as many as there are cores. [0]")
  private int threads;

  @Option(
      names = {"-ngl", "--gpu-layers", "--n-gpu-layers"},
      paramLabel = "N|auto|all",
      description = "Layers to put on GPUs: the output first, then the last layers. [auto]")
  private String gpuLayers = "auto";

  @Option(
      names = {"-dev", "--device"},
      paramLabel = "NAME",
      split = ",",
      description = "Devices to use, see 'lamina devices'; none: only the CPU.")
  private List<String> devices = List.of();

  @Option(
      names = {"-ts", "--tensor-split"},
      paramLabel = "SHARE",
      split = "[,/]",
      splitSynopsisLabel = ",",
      description = "Share of the layers for each device, such as 3,1.")
  private List<Double> tensorSplit = List.of();

  @Option(
      names = {"-sm", "--split-mode"},
      paramLabel = "layer|none",
      description = "Whether several devices share the layers. [layer]")
  private PlacementRequest.SplitMode splitMode = PlacementRequest.SplitMode.LAYER;

  @Option(
      names = {"-mg", "--main-gpu"},
      paramLabel = "N",
      description = "With '-sm none': number of the one GPU to use. [0]")
  private int mainGpu;

  @Option(
      names = {"-nkvo", "--no-kv-offload"},
      description = "Keep keys and values, and with them their layers, on the CPU.")
  private boolean noKvOffload;

  @Option(
      names = {"-ctk", "--cache-type-k"},
      paramLabel = "TYPE",
      description = "Type of the keys in the cache: f32, f16, bf16, q8_0, q4_0. [f16]")
  private GgmlType typeK = GgmlType.F16;

  @Option(
      names = {"-ctv", "--cache-type-v"},
      paramLabel = "TYPE",
      description = "Type of the values in the cache, likewise. [f16]")
  private GgmlType typeV = GgmlType.F16;

  @Option(names = "--no-mmap", description = "Read the file into memory instead of mapping it.")
  private boolean noMmap;

  @Option(
      names = {"-nr", "--no-repack"},
      description = "Keep the weights in the layout of the file.")
  private boolean noRepack;

  @Option(
      names = "--cpu-math",
      paramLabel = "f32|i8",
      description =
          "What the CPU and GPUs multiply quantized weights with: float32, or activations"
              + " rounded to 8 bits, which is faster. [i8]")
  private CpuMath cpuMath = CpuMath.I8;

  @Option(
      names = "--rope-scaling",
      paramLabel = "none|linear|yarn",
      description = "Scaling of positions. [the file's]")
  private RopeScaling ropeScaling;

  @Option(
      names = "--rope-scale",
      paramLabel = "X",
      description = "Factor by which the context grows; 1/X is --rope-freq-scale.")
  private float ropeScale;

  @Option(
      names = "--rope-freq-base",
      paramLabel = "X",
      description = "Base of the rotary frequencies. [the file's]")
  private float ropeFreqBase;

  @Option(
      names = "--rope-freq-scale",
      paramLabel = "X",
      description = "Factor on the rotary frequencies. [the file's]")
  private float ropeFreqScale;

  @Option(
      names = "--yarn-orig-ctx",
      paramLabel = "N",
      description = "YaRN: context that the model was trained with. [the file's]")
  private int yarnOriginalContext;

  @Option(
      names = "--yarn-ext-factor",
      paramLabel = "X",
      description = "YaRN: mix of extrapolation. [by the method]")
  private float yarnExtFactor = -1;

  @Option(
      names = "--yarn-attn-factor",
      paramLabel = "X",
      description = "YaRN: factor on the magnitude. [1]")
  private float yarnAttnFactor = -1;

  @Option(
      names = "--yarn-beta-fast",
      paramLabel = "X",
      description = "YaRN: upper correction bound. [32]")
  private float yarnBetaFast = -1;

  @Option(
      names = "--yarn-beta-slow",
      paramLabel = "X",
      description = "YaRN: lower correction bound. [1]")
  private float yarnBetaSlow = -1;

  /** Whether no file was named. */
  boolean isDemo() {
    return file.isDemo();
  }

  /** The file to load: the one named, downloaded where it must be, or the built-in model. */
  Path file() {
    return file.file(spec);
  }

  /** Tokens of context that were asked for; 0: none were. */
  int context() {
    return context;
  }

  /** The name of the model for people. */
  String name() {
    return file.name();
  }

  /**
   * The flags as the library takes them.
   *
   * @param chatTemplate see {@link LoadOptions#chatTemplate()}
   * @throws ParameterException where a value makes no sense
   */
  LoadOptions options(String chatTemplate, LoadProgress progress) {
    if (ropeScale != 0 && ropeFreqScale != 0) {
      throw wrong("--rope-scale and --rope-freq-scale say the same thing: give one of them");
    }
    if (ropeScale < 0 || batch < 1) {
      throw wrong(batch < 1 ? "-b must be at least 1" : "--rope-scale must be positive");
    }
    try {
      var rope =
          new ModelOptions.Rope(
              ropeFreqBase,
              ropeScale != 0 ? 1 / ropeScale : ropeFreqScale,
              ropeScaling,
              yarnOriginalContext,
              yarnExtFactor,
              yarnAttnFactor,
              yarnBetaFast,
              yarnBetaSlow);
      var placement =
          new PlacementRequest(
              GpuLayers.parse(gpuLayers),
              devices.stream().map(String::strip).toList(),
              tensorSplit,
              splitMode,
              mainGpu,
              !noKvOffload,
              PlacementRequest.DEFAULT.memoryMargin());
      return LoadOptions.DEFAULT
          .withPlacement(placement)
          .withContext(context)
          .withUbatch(Math.min(batch, ubatch))
          .withDevices(new DeviceOptions(Math.max(0, threads), !noRepack, cpuMath))
          .withModel(new ModelOptions(typeK, typeV, rope))
          .withMapped(!noMmap)
          .withChatTemplate(chatTemplate)
          .withProgress(progress);
    } catch (LaminaException e) {
      throw wrong(e.getMessage());
    }
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
