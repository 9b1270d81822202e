package dev.lamina.cuda.hip;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.lamina.backend.DeviceException;
import dev.lamina.cuda.driver.DriverFailure;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** A shared library of C functions that return a status. */
final class HipLibrary {
  /** The names that ROCm's releases give the runtime, the newest first. */
  static final List<String> RUNTIME =
      List.of("libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5", "libamdhip64.so");

  /** Names another library than the system's, for tests. */
  static final String PROPERTY = "lamina.hip.library";

  private final SymbolLookup symbols;
  private final Map<String, MethodHandle> handles = new ConcurrentHashMap<>();

  private HipLibrary(SymbolLookup symbols) {
    this.symbols = symbols;
  }

  /** The runtime, which stays loaded; empty where there is none. */
  static Optional<HipLibrary> runtime() {
    String other = System.getProperty(PROPERTY);
    return find(other == null ? RUNTIME : List.of(other));
  }

  /** The first of these libraries that the system has. */
  @SuppressWarnings("restricted")
  static Optional<HipLibrary> find(List<String> names) {
    for (String name : names) {
      try {
        return Optional.of(new HipLibrary(SymbolLookup.libraryLookup(name, Arena.global())));
      } catch (IllegalArgumentException e) {
        // Not this one.
      }
    }
    return Optional.empty();
  }

  boolean has(String function) {
    return symbols.find(function).isPresent();
  }

  /**
   * Calls a function; arguments are {@link Integer}, {@link Long}, {@link Float} or {@link
   * MemorySegment}.
   *
   * @return its status
   */
  int call(String function, Object... arguments) {
    try {
      return (int) handle(function, arguments).invokeWithArguments(arguments);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(function, e);
    }
  }

  /**
   * As {@link #call}, with an exception for a status other than 0.
   *
   * @param device what the exception names
   */
  void check(String device, String function, Object... arguments) {
    int status = call(function, arguments);
    if (status != 0) {
      throw DriverFailure.of(device, function, status, word(status));
    }
  }

  /** The runtime's word for a status. */
  @SuppressWarnings("restricted")
  String word(int status) {
    try {
      MethodHandle name =
          Linker.nativeLinker()
              .downcallHandle(
                  symbols.find("hipGetErrorName").orElseThrow(),
                  FunctionDescriptor.of(ADDRESS, JAVA_INT));
      MemorySegment text = (MemorySegment) name.invokeExact(status);
      return text.address() == 0 ? "?" : text.reinterpret(128).getString(0);
    } catch (Throwable e) {
      return "?";
    }
  }

  @SuppressWarnings("restricted")
  private MethodHandle handle(String function, Object[] arguments) {
    return handles.computeIfAbsent(
        function,
        name -> {
          MemoryLayout[] types = new MemoryLayout[arguments.length];
          for (int i = 0; i < types.length; i++) {
            types[i] =
                switch (arguments[i]) {
                  case Integer n -> JAVA_INT;
                  case Long n -> JAVA_LONG;
                  case Float x -> JAVA_FLOAT;
                  case MemorySegment p -> ADDRESS;
                  default -> throw new IllegalArgumentException(String.valueOf(arguments[i]));
                };
          }
          MemorySegment symbol =
              symbols
                  .find(name)
                  .orElseThrow(
                      () ->
                          new DeviceException(
                              DeviceException.Kind.UNSUPPORTED,
                              "this HIP runtime has no " + name + ": update ROCm"));
          return Linker.nativeLinker()
              .downcallHandle(symbol, FunctionDescriptor.of(JAVA_INT, types));
        });
  }
}
