package dev.lamina.cuda;

import dev.lamina.shaders.CardKernels;
import dev.lamina.shaders.Dialect;
import dev.lamina.shaders.MatrixUnits;
import dev.lamina.shaders.ProgramKey;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.GZIPOutputStream;

/**
 * Makes the PTX of the kernels that have changed, with nvcc, into the sources of this module.
 *
 * <p>The package's description tells the command.
 */
final class PtxBuild {
  /** Drivers of CUDA 12.0 read this version of PTX, and nvcc 13 writes a later one by itself. */
  private static final String PTX_VERSION = ".version 7.0";

  private final Path folder;
  private final Path work;

  private PtxBuild(Path folder, Path work) {
    this.folder = folder;
    this.work = work;
  }

  /** Arguments: the folder of the resources, and one for intermediate files. */
  public static void main(String[] args) throws Exception {
    new PtxBuild(Path.of(args[0]), Path.of(args[1])).run();
  }

  private void run() throws IOException, InterruptedException, ExecutionException {
    Files.createDirectories(folder);
    Files.createDirectories(work);
    Path sources = folder.resolve(PtxImages.SOURCES);
    Map<String, String> made =
        Files.exists(sources) ? PtxImages.sources(Files.readString(sources)) : Map.of();
    Map<String, String> all = new TreeMap<>();
    List<Future<?>> running = new ArrayList<>();
    try (ExecutorService threads =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
      for (ProgramKey key : Flavour.CUDA.programs()) {
        String text = CardKernels.text(Dialect.CUDA, key);
        String hash = PtxImages.hash(text);
        all.put(key.name(), hash);
        if (!hash.equals(made.get(key.name())) || !Files.exists(file(key.name()))) {
          Callable<Void> task =
              () -> {
                make(key, text);
                return null;
              };
          running.add(threads.submit(task));
        }
      }
      for (Future<?> one : running) {
        one.get();
      }
    }
    removeOthers(all.keySet());
    StringBuilder listed = new StringBuilder();
    all.forEach((name, hash) -> listed.append(name).append(' ').append(hash).append('\n'));
    Files.writeString(sources, listed);
    System.out.println(running.size() + " of " + all.size() + " programs compiled");
  }

  /** What a program is compiled for: what it needs, of all cards that there are programs for. */
  static int capability(ProgramKey key) {
    return Math.max(MatrixUnits.TURING.capability(), CardKernels.units(key).capability());
  }

  private Path file(String name) {
    return folder.resolve(name + PtxImages.ENDING);
  }

  private void make(ProgramKey key, String text) throws IOException, InterruptedException {
    String name = key.name();
    Path source = work.resolve(name + ".cu");
    Path target = work.resolve(name + ".ptx");
    Files.writeString(source, text);
    Process nvcc =
        new ProcessBuilder(
                "nvcc",
                "-ptx",
                "-arch=compute_" + capability(key),
                "-std=c++17",
                "-O3",
                "-o",
                target.toString(),
                source.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(nvcc.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (nvcc.waitFor() != 0) {
      throw new IllegalStateException("nvcc failed on " + source + ":\n" + said);
    }
    String ptx = Files.readString(target);
    int code = ptx.indexOf(".version");
    int end = ptx.indexOf('\n', code);
    String relabelled =
        PtxImages.MARK
            + name
            + "\n"
            + PTX_VERSION
            + ptx.substring(end).replaceAll("(?m)^\\s*//.*\n", "");
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream gzip =
        new GZIPOutputStream(packed) {
          {
            def.setLevel(9);
          }
        }) {
      gzip.write(relabelled.getBytes(StandardCharsets.UTF_8));
    }
    Files.write(file(name), packed.toByteArray());
  }

  private void removeOthers(Set<String> names) throws IOException {
    Set<Path> kept = new TreeSet<>();
    names.forEach(name -> kept.add(file(name)));
    try (var files = Files.list(folder)) {
      files
          .filter(f -> f.toString().endsWith(PtxImages.ENDING) && !kept.contains(f))
          .forEach(
              f -> {
                try {
                  Files.delete(f);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
  }
}
