import static org.lwjgl.util.shaderc.Shaderc.*;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Compiles the GLSL under {@code src/main/glsl} to SPIR-V. A part of the build, started as a source
 * file; nothing of it is shipped. What has not changed since the last build is not compiled again.
 *
 * <p>Arguments: the folder of the GLSL text, the folder for the SPIR-V, a folder for notes of what
 * was compiled.
 */
final class CompileShaders {
  private static final Pattern INCLUDE = Pattern.compile("(?m)^#include (?:\"([^\"]+)\"|(\\w+))$");

  /** A place in the list of shaders that stands for each type of a set. */
  private static final Pattern SET = Pattern.compile("\\{(\\w+)}");

  /** Changes whenever the options below do, so that all is compiled again. */
  private static final String OPTIONS = "3.4.3 vulkan1.2 performance";

  private final Path source;
  private final Path target;
  private final Path marks;

  private CompileShaders(Path source, Path target, Path marks) {
    this.source = source;
    this.target = target;
    this.marks = marks;
  }

  /** One shader of the list. */
  private record Shader(String name, String file, Map<String, String> macros) {}

  public static void main(String[] args) throws Exception {
    new CompileShaders(Path.of(args[0]), Path.of(args[1]), Path.of(args[2])).run();
  }

  private void run() throws IOException, InterruptedException, ExecutionException {
    Files.createDirectories(target);
    Files.createDirectories(marks);
    List<Shader> shaders = list();
    List<Future<?>> compiled = new ArrayList<>();
    try (ExecutorService threads =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
      for (Shader shader : shaders) {
        String text = text(shader);
        String mark = mark(text + shader.macros + OPTIONS);
        Path marked = marks.resolve(shader.name);
        Path spirv = target.resolve(shader.name + ".spv");
        if (Files.exists(spirv) && Files.exists(marked) && Files.readString(marked).equals(mark)) {
          continue;
        }
        compiled.add(
            threads.submit(
                () -> {
                  Files.deleteIfExists(marked);
                  Files.write(spirv, compile(shader, text));
                  Files.writeString(marked, mark);
                  return null;
                }));
      }
    }
    for (Future<?> one : compiled) {
      one.get();
    }
    removeOthers(shaders);
    if (!compiled.isEmpty()) {
      System.out.println("Compiled " + compiled.size() + " of " + shaders.size() + " shaders");
    }
  }

  private List<Shader> list() throws IOException {
    // Each type with the sets that it is in; all are in "type".
    Map<String, List<String>> sets = new TreeMap<>();
    for (String line : Files.readAllLines(source.resolve("types.list"))) {
      if (!line.isBlank() && !line.startsWith("#")) {
        String[] words = ("type " + line.strip()).split("\\s+");
        for (int i = 0; i < words.length; i++) {
          if (i != 1) {
            sets.computeIfAbsent(words[i], set -> new ArrayList<>()).add(words[1]);
          }
        }
      }
    }
    List<Shader> shaders = new ArrayList<>();
    for (String line : Files.readAllLines(source.resolve("shaders.list"))) {
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      Matcher set = SET.matcher(line);
      for (String type : set.find() ? sets.get(set.group(1)) : List.of("")) {
        String[] words = set.reset().replaceAll(type).strip().split("\\s+");
        Map<String, String> macros = new TreeMap<>();
        for (int i = 2; i < words.length; i++) {
          String[] macro = words[i].split("=", 2);
          macros.put(macro[0], macro.length > 1 ? macro[1] : "");
        }
        shaders.add(new Shader(words[0], words[1], macros));
      }
    }
    return shaders;
  }

  /** The shader's text with its includes in place. */
  private String text(Shader shader) throws IOException {
    return text(shader, shader.file);
  }

  private String text(Shader shader, String file) throws IOException {
    Matcher matcher = INCLUDE.matcher(Files.readString(source.resolve(file)));
    StringBuilder text = new StringBuilder();
    while (matcher.find()) {
      String name =
          matcher.group(1) != null
              ? matcher.group(1)
              : shader.macros.get(matcher.group(2)).replace("\"", "");
      matcher.appendReplacement(text, Matcher.quoteReplacement(text(shader, name)));
    }
    return matcher.appendTail(text).toString();
  }

  private static byte[] compile(Shader shader, String text) {
    long compiler = shaderc_compiler_initialize();
    long options = shaderc_compile_options_initialize();
    try {
      shaderc_compile_options_set_target_env(
          options, shaderc_target_env_vulkan, shaderc_env_version_vulkan_1_2);
      shaderc_compile_options_set_optimization_level(
          options, shaderc_optimization_level_performance);
      shaderc_compile_options_set_warnings_as_errors(options);
      shader.macros.forEach(
          (name, value) -> shaderc_compile_options_add_macro_definition(options, name, value));
      long result =
          shaderc_compile_into_spv(
              compiler, text, shaderc_glsl_compute_shader, shader.name, "main", options);
      try {
        if (shaderc_result_get_compilation_status(result) != shaderc_compilation_status_success) {
          throw new IllegalStateException(
              shader.name + ":\n" + shaderc_result_get_error_message(result));
        }
        ByteBuffer bytes = shaderc_result_get_bytes(result);
        byte[] spirv = new byte[bytes.remaining()];
        bytes.get(spirv);
        return spirv;
      } finally {
        shaderc_result_release(result);
      }
    } finally {
      shaderc_compile_options_release(options);
      shaderc_compiler_release(compiler);
    }
  }

  private static String mark(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Deletes what is no longer in the list. */
  private void removeOthers(List<Shader> shaders) throws IOException {
    List<String> names = shaders.stream().map(Shader::name).toList();
    try (var files = Files.list(target)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        String name = file.getFileName().toString().replaceFirst("\\.spv$", "");
        if (!names.contains(name)) {
          Files.delete(file);
        }
      }
    }
  }
}
