package dev.lamina.cuda.hip;

import dev.lamina.backend.DeviceException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Compiles device code with {@link Hiprtc} in processes of their own, and keeps what it made on
 * disk.
 */
public final class HipCompiler {
  private static final long MOST_SECONDS = 600;
  private static final int MOST_PROCESSES = 4;
  private static final int LOG_END = 2000;

  private final Path cache;
  private final String architecture;

  /**
   * @param cache the folder of code that was made before, by this runtime; need not exist
   * @param architecture what to make code for, such as {@code gfx1030}
   */
  public HipCompiler(Path cache, String architecture) {
    this.cache = cache.resolve(architecture);
    this.architecture = architecture;
  }

  /**
   * Compiles programs, all in as many processes at once as the machine can bear.
   *
   * @param texts the programs' texts by names that are different for different texts
   * @return code objects by name
   * @throws DeviceException ({@code COMPILE_FAILED}) where one does not compile
   */
  public Map<String, byte[]> compile(Map<String, String> texts) {
    Map<String, byte[]> code = new LinkedHashMap<>();
    List<String> missing = new ArrayList<>();
    try {
      for (String name : texts.keySet()) {
        Path kept = cache.resolve(name + ".co");
        if (Files.isRegularFile(kept)) {
          code.put(name, Files.readAllBytes(kept));
        } else {
          missing.add(name);
        }
      }
      if (!missing.isEmpty()) {
        Files.createDirectories(cache);
        Path work = Files.createTempDirectory(cache, "make");
        try {
          make(work, missing, texts);
          for (String name : missing) {
            Path made = work.resolve(name + ".co");
            code.put(name, Files.readAllBytes(made));
            Files.move(made, cache.resolve(name + ".co"), StandardCopyOption.REPLACE_EXISTING);
          }
        } finally {
          delete(work);
        }
      }
    } catch (IOException e) {
      throw new DeviceException(
          DeviceException.Kind.COMPILE_FAILED,
          "the folder %s cannot be used for compiled kernels: %s".formatted(cache, e.getMessage()),
          e);
    }
    return code;
  }

  private void make(Path work, List<String> names, Map<String, String> texts) throws IOException {
    int count =
        Math.min(
            names.size(), Math.min(MOST_PROCESSES, Runtime.getRuntime().availableProcessors()));
    List<List<String>> shares = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      shares.add(new ArrayList<>());
    }
    for (int i = 0; i < names.size(); i++) {
      Path source = work.resolve(names.get(i) + ".hip");
      Files.writeString(source, texts.get(names.get(i)));
      shares.get(i % count).add(source.toString());
    }
    List<Process> running = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        running.add(start(work.resolve("log" + i), shares.get(i)));
      }
      for (int i = 0; i < count; i++) {
        finish(running.get(i), work.resolve("log" + i));
      }
    } finally {
      running.forEach(Process::destroyForcibly);
    }
  }

  private Process start(Path log, List<String> files) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(
        ProcessHandle.current()
            .info()
            .command()
            .orElse(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.add("--enable-native-access=ALL-UNNAMED");
    String library = System.getProperty(HipLibrary.PROPERTY);
    if (library != null) {
      command.add("-D" + HipLibrary.PROPERTY + "=" + library);
    }
    command.addAll(
        List.of(
            "-cp", System.getProperty("java.class.path"), Hiprtc.class.getName(), architecture));
    command.addAll(files);
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
        .start();
  }

  private void finish(Process process, Path log) throws IOException {
    boolean ended;
    try {
      ended = process.waitFor(MOST_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed("was interrupted");
    }
    if (!ended) {
      throw failed("has not ended within " + MOST_SECONDS + " s");
    }
    if (process.exitValue() != 0) {
      String said = new String(Files.readAllBytes(log), StandardCharsets.UTF_8).strip();
      String end = said.substring(Math.max(0, said.length() - LOG_END));
      throw failed(
          process.exitValue() == Hiprtc.REFUSED || process.exitValue() == Hiprtc.MISSING
              ? "failed: " + end
              : "ended abnormally, which it does on architectures that it does not know (exit "
                  + process.exitValue()
                  + "): "
                  + end);
    }
  }

  private DeviceException failed(String how) {
    return new DeviceException(
        DeviceException.Kind.COMPILE_FAILED, "HIP's compiler for " + architecture + " " + how);
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
