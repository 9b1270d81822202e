package dev.lamina.cuda.standin;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A stand-in driver that has been built and loaded: what tests set and ask of it. */
public final class StandIn {
  /** What can be ordered to fail. */
  public enum Fault {
    ALLOCATION,
    PINNED,
    LAUNCH,
    KERNEL,
    MODULE,
    GRAPH,
    CONTEXT,
    COPY
  }

  /** What is counted. */
  public enum Count {
    ALLOCATIONS,
    FREES,
    LAUNCHES,
    GRAPH_LAUNCHES,
    KERNELS,
    SYNCHRONISATIONS,
    BYTES_IN,
    BYTES_OUT,
    BYTES_PEER,
    MODULES,
    GRAPHS,
    OVERRUNS,
    LIVE
  }

  /** {@code CUDA_ERROR_OUT_OF_MEMORY}. */
  public static final int OUT_OF_MEMORY = 2;

  /** {@code CUDA_ERROR_LAUNCH_FAILED}. */
  public static final int LAUNCH_FAILED = 719;

  private static final String JCUDA = "/lib/libJCudaDriver-12.6.0-linux-x86_64.so";
  private static StandIn cuda;
  private static StandIn hip;

  private final SymbolLookup symbols;

  @SuppressWarnings("restricted")
  private StandIn(Path library) {
    symbols = SymbolLookup.libraryLookup(library, Arena.global());
  }

  /** The stand-in for NVIDIA's driver; skips the test where it cannot be built. */
  @SuppressWarnings("restricted")
  public static synchronized StandIn cuda() {
    if (cuda == null) {
      Path library = cudaLibrary();
      // Loaded first, it is what JCuda's library means by libcuda.so.1.
      System.load(library.toString());
      cuda = new StandIn(library);
      cuda.modules(Modules.folder());
    }
    cuda.reset();
    return cuda;
  }

  /** The stand-in for AMD's runtime, which HipDriver then finds; skips the test likewise. */
  public static synchronized StandIn hip() {
    Compiler.require("rocm");
    Path library = Compiler.target().resolve("hip").resolve("libamdhip64.so");
    if (hip == null) {
      build(library, "hip.cpp", List.of());
      hip = new StandIn(library);
    }
    System.setProperty("lamina.hip.library", library.toString());
    hip.reset();
    return hip;
  }

  /** Builds the stand-in for NVIDIA's driver. */
  public static Path cudaLibrary() {
    Compiler.require("cuda");
    Path library = Compiler.target().resolve("cuda").resolve("libcuda.so.1");
    build(library, "cuda.cpp", List.of(stubs()));
    return library;
  }

  private static void build(Path library, String driver, List<Path> more) {
    List<Path> sources = new ArrayList<>(Compiler.sources("machine.cpp", "kernels.cpp", driver));
    sources.addAll(more);
    List<Path> all = new ArrayList<>(Compiler.sources("machine.h", "module.h", "driver.inc"));
    all.addAll(sources);
    List<String> command =
        new ArrayList<>(
            List.of(
                "g++",
                "-std=c++17",
                "-O2",
                "-Wall",
                "-shared",
                "-fPIC",
                "-fno-strict-aliasing",
                // Two stand-ins in one process have nothing to do with each other.
                "-Wl,-Bsymbolic",
                "-Wl,-soname," + library.getFileName(),
                "-o",
                "@"));
    sources.forEach(source -> command.add(source.toString()));
    command.add("-ldl");
    Compiler.make(library, all, command);
  }

  /**
   * Weak functions that return CUDA_ERROR_NOT_SUPPORTED, for everything that JCuda's library can
   * call: what it does not find ends the process.
   */
  private static Path stubs() {
    Path folder = Compiler.target().resolve("cuda");
    Path file = folder.resolve("stubs.cpp");
    try {
      Files.createDirectories(folder);
      Path jcuda = folder.resolve("libJCudaDriver.so");
      try (InputStream in = StandIn.class.getResourceAsStream(JCUDA)) {
        Files.write(jcuda, in.readAllBytes());
      }
      Process nm =
          new ProcessBuilder("nm", "-D", "--undefined-only", jcuda.toString())
              .redirectErrorStream(true)
              .start();
      String listed = new String(nm.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      StringBuilder text = new StringBuilder();
      listed
          .lines()
          .map(line -> line.strip().split("\\s+"))
          .filter(words -> words.length == 2 && words[1].startsWith("cu"))
          .forEach(
              words ->
                  text.append("extern \"C\" __attribute__((weak)) int ")
                      .append(words[1])
                      .append("() { return 801; }\n"));
      if (text.isEmpty()) {
        throw new IllegalStateException("nm lists nothing of " + jcuda + ": " + listed);
      }
      if (!Files.exists(file) || !Files.readString(file).contentEquals(text)) {
        Files.writeString(file, text);
      }
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Two cards of 4 GiB with a present driver, no failures ordered, counts at 0. */
  public void reset() {
    machine(2, 4L << 30, this == hip ? 60_200_000 : 12060, 86, 0);
    call("standin_forget", FunctionDescriptor.ofVoid());
  }

  /**
   * What there is.
   *
   * @param init what {@code cuInit} returns
   */
  public void machine(int cards, long memory, int version, int capability, int init) {
    call(
        "standin_machine",
        FunctionDescriptor.ofVoid(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT),
        cards,
        memory,
        version,
        capability,
        init);
  }

  /** Where libraries of kernels are looked for. */
  public void modules(Path folder) {
    try (Arena arena = Arena.ofConfined()) {
      call(
          "standin_modules",
          FunctionDescriptor.ofVoid(ADDRESS),
          arena.allocateFrom(folder.toString()));
    }
  }

  /** Lets the call number {@code nth}, from 1 and from now on, fail. */
  public void order(Fault fault, long nth, int status) {
    call(
        "standin_order",
        FunctionDescriptor.ofVoid(JAVA_INT, JAVA_LONG, JAVA_INT),
        fault.ordinal(),
        nth,
        status);
  }

  /** How often something has happened since the last {@link #reset}. */
  public long count(Count what) {
    return (long) call("standin_count", FunctionDescriptor.of(JAVA_LONG, JAVA_INT), what.ordinal());
  }

  /** What a kernel was found doing wrong; empty for nothing. */
  @SuppressWarnings("restricted")
  public String message() {
    MemorySegment text = (MemorySegment) call("standin_message", FunctionDescriptor.of(ADDRESS));
    return text.reinterpret(1024).getString(0);
  }

  @SuppressWarnings("restricted")
  private Object call(String name, FunctionDescriptor type, Object... arguments) {
    MethodHandle handle =
        Linker.nativeLinker().downcallHandle(symbols.find(name).orElseThrow(), type);
    try {
      return handle.invokeWithArguments(arguments);
    } catch (Throwable e) {
      throw new AssertionError(name, e);
    }
  }
}
