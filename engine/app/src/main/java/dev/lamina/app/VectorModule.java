package dev.lamina.app;

import java.lang.reflect.InvocationTargetException;

/**
 * Adds {@code jdk.incubator.vector} to the running JVM, as {@code --add-modules} would.
 *
 * <p>The option would print "WARNING: Using incubator modules" on stderr at every start, and it
 * keeps the JVM from using the module graph of its class-data archive. So the JVM is started
 * without it, and this calls the entry that the JVM itself uses to add a system module later. The
 * jar's manifest exports that entry's package ({@code Add-Exports}); where the program was started
 * in another way, or the JDK has no such entry, nothing happens, and the CPU backend says what it
 * misses and how to get it.
 */
final class VectorModule {

  private static final String NAME = "jdk.incubator.vector";

  private VectorModule() {}

  /**
   * Adds the module unless it is there. To be called before any class of the CPU backend is used.
   */
  static void load() {
    if (ModuleLayer.boot().findModule(NAME).isPresent()) {
      return;
    }
    try {
      Class.forName("jdk.internal.module.Modules")
          .getMethod("loadModule", String.class)
          .invoke(null, NAME);
    } catch (ReflectiveOperationException e) {
      if (e instanceof InvocationTargetException i && i.getCause() instanceof Error error) {
        throw error;
      }
      // Not there or not open to us: the backend finds out and tells the user.
    }
  }
}
