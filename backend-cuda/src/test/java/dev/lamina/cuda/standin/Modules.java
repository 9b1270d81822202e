package dev.lamina.cuda.standin;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Libraries of kernels for the stand-in driver, compiled from device code. */
public final class Modules {
  private static final Pattern KERNEL =
      Pattern.compile(
          "^(?:extern \"C\" __global__ |KERNEL\\().*?(\\w+)\\s*\\((?:GLOBAL|const|float|int|$)",
          Pattern.MULTILINE);

  private Modules() {}

  static Path folder() {
    return Compiler.target().resolve("modules");
  }

  /**
   * Compiles device code to the library of a module.
   *
   * @param text what the vendor's compiler would get
   */
  public static void make(String name, String text) {
    make(folder(), name, text, 32);
  }

  static void make(Path folder, String name, String text, int wave) {
    Path source = folder.resolve(name + ".cpp");
    StringBuilder all =
        new StringBuilder("#include \"device.h\"\n#line 1 \"" + name + "\"\n").append(text);
    all.append('\n');
    kernels(text).forEach(kernel -> all.append("STANDIN_KERNEL(" + kernel + ")\n"));
    try {
      Files.createDirectories(folder);
      if (!Files.exists(source) || !Files.readString(source).contentEquals(all)) {
        Files.writeString(source, all);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<Path> sources = new ArrayList<>(Compiler.sources("device.h", "engine.h", "module.h"));
    sources.add(source);
    Compiler.make(
        folder.resolve(name + ".so"),
        sources,
        List.of(
            "g++",
            "-std=c++17",
            "-O2",
            "-march=native",
            "-w",
            "-shared",
            "-fPIC",
            "-fno-strict-aliasing",
            "-DSTANDIN_WAVE=" + wave,
            "-I" + Compiler.folder(),
            "-o",
            "@",
            source.toString()));
  }

  /** The names of the kernels in a text. */
  static List<String> kernels(String text) {
    List<String> names = new ArrayList<>();
    Matcher matcher = KERNEL.matcher(text);
    while (matcher.find()) {
      names.add(matcher.group(1));
    }
    return names;
  }
}
