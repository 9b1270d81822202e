package dev.lamina.cuda.hip;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * HIP's run-time compiler. It aborts the process on an architecture that it does not know, so that
 * it only ever runs in a process of its own, which {@link #main} is.
 */
public final class Hiprtc {
  /** What {@link #main} ends with where a program does not compile. */
  static final int REFUSED = 3;

  /** What {@link #main} ends with where there is no compiler. */
  static final int MISSING = 4;

  private static final List<String> LIBRARIES =
      List.of("libhiprtc.so.7", "libhiprtc.so.6", "libhiprtc.so.5", "libhiprtc.so");

  private final HipLibrary library;

  private Hiprtc(HipLibrary library) {
    this.library = library;
  }

  /**
   * Compiles files.
   *
   * @param args the architecture, then files {@code NAME.hip}, each of which becomes {@code
   *     NAME.co}
   */
  public static void main(String[] args) throws IOException {
    // Older runtimes have the compiler in themselves.
    HipLibrary library =
        HipLibrary.runtime()
            .filter(found -> found.has("hiprtcCreateProgram"))
            .or(() -> HipLibrary.find(LIBRARIES))
            .orElse(null);
    if (library == null) {
      System.err.println(LIBRARIES.getFirst() + " or older not found");
      System.exit(MISSING);
    }
    Hiprtc compiler = new Hiprtc(library);
    for (int i = 1; i < args.length; i++) {
      Path source = Path.of(args[i]);
      String log = compiler.compile(args[0], source);
      if (log != null) {
        System.err.println(source.getFileName() + ":\n" + log);
        System.exit(REFUSED);
      }
    }
    // Without the libraries' own clearing up, which may take long or fail.
    Runtime.getRuntime().halt(0);
  }

  /** Compiles one file; returns the log where that fails, else null. */
  private String compile(String architecture, Path source) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment made = arena.allocate(ADDRESS);
      int status =
          library.call(
              "hiprtcCreateProgram",
              made,
              arena.allocateFrom(Files.readString(source)),
              arena.allocateFrom(source.getFileName().toString()),
              0,
              MemorySegment.NULL,
              MemorySegment.NULL);
      if (status != 0) {
        return "hiprtcCreateProgram failed with error " + status;
      }
      MemorySegment program = made.get(ADDRESS, 0);
      List<String> words = List.of("--offload-arch=" + architecture, "-O3", "-std=c++17", "-w");
      MemorySegment options = arena.allocate(ADDRESS, words.size());
      for (int i = 0; i < words.size(); i++) {
        options.setAtIndex(ADDRESS, i, arena.allocateFrom(words.get(i)));
      }
      status = library.call("hiprtcCompileProgram", program, words.size(), options);
      if (status != 0) {
        return log(arena, program) + "\nhiprtcCompileProgram failed with error " + status;
      }
      MemorySegment size = arena.allocate(JAVA_LONG);
      status = library.call("hiprtcGetCodeSize", program, size);
      MemorySegment code = arena.allocate(Math.max(1, size.get(JAVA_LONG, 0)));
      if (status == 0) {
        status = library.call("hiprtcGetCode", program, code);
      }
      if (status != 0) {
        return "hiprtcGetCode failed with error " + status;
      }
      String name = source.getFileName().toString();
      Files.write(
          source.resolveSibling(name.substring(0, name.lastIndexOf('.')) + ".co"),
          code.toArray(JAVA_BYTE));
      return null;
    }
  }

  private String log(Arena arena, MemorySegment program) {
    MemorySegment size = arena.allocate(JAVA_LONG);
    if (library.call("hiprtcGetProgramLogSize", program, size) != 0) {
      return "";
    }
    MemorySegment text = arena.allocate(size.get(JAVA_LONG, 0) + 1);
    return library.call("hiprtcGetProgramLog", program, text) == 0 ? text.getString(0) : "";
  }
}
