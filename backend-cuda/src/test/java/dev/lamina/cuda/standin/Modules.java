package dev.lamina.cuda.standin;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Libraries of kernels for the stand-in driver, compiled from device code. */
public final class Modules {
  /** A kernel's head once the preprocessor is done with it. */
  private static final Pattern KERNEL =
      Pattern.compile("extern \"C\"\\s+void\\s+(?!standin_)(\\w+)\\s*\\(");

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

  /**
   * Compiles device code with waves of 64 lanes.
   *
   * @return what the stand-in for HIP loads as its code
   */
  public static byte[] makeHip(String name, String text) {
    Path folder = Compiler.target().resolve("modules-hip");
    make(folder, name, text, 64);
    return ("stand-in " + folder.resolve(name + ".so") + "\n\0").getBytes(StandardCharsets.UTF_8);
  }

  private static void make(Path folder, String name, String text, int wave) {
    List<String> flags =
        List.of(
            "-std=c++17",
            "-O2",
            "-march=native",
            "-w",
            "-fPIC",
            "-fno-strict-aliasing",
            // Cards do not read or write what is not aligned.
            "-fsanitize=alignment",
            "-fsanitize-undefined-trap-on-error",
            "-DSTANDIN_WAVE=" + wave,
            "-I" + Compiler.folder());
    Path source = folder.resolve(name + ".cpp");
    String head = "#include \"device.h\"\n#line 1 \"" + name + "\"\n" + text + "\n";
    try {
      Files.createDirectories(folder);
      if (!Files.exists(source) || !Files.readString(source).startsWith(head)) {
        StringBuilder all = new StringBuilder(head);
        Files.writeString(source, head);
        kernels(source, flags).forEach(kernel -> all.append("STANDIN_KERNEL(" + kernel + ")\n"));
        Files.writeString(source, all);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<Path> sources =
        new ArrayList<>(Compiler.sources("device.h", "units.h", "engine.h", "module.h"));
    sources.add(source);
    List<String> command = new ArrayList<>(List.of("g++", "-shared", "-o", "@"));
    command.addAll(flags);
    command.add(source.toString());
    Compiler.make(folder.resolve(name + ".so"), sources, command);
  }

  /** The names of the kernels that are left after preprocessing. */
  private static List<String> kernels(Path source, List<String> flags) throws IOException {
    Path done = source.resolveSibling(source.getFileName() + ".i");
    List<String> command = new ArrayList<>(List.of("g++", "-E", "-P", "-o", done.toString()));
    command.addAll(flags);
    command.add(source.toString());
    String said = Compiler.run(command);
    if (said != null) {
      throw new AssertionError("g++ cannot preprocess " + source + ":\n" + said);
    }
    List<String> names = new ArrayList<>();
    Matcher matcher = KERNEL.matcher(Files.readString(done));
    while (matcher.find()) {
      names.add(matcher.group(1));
    }
    Files.delete(done);
    return names;
  }
}
