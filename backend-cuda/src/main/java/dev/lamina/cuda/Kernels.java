package dev.lamina.cuda;

import dev.lamina.cuda.driver.GpuContext;
import dev.lamina.cuda.driver.GpuKernel;
import dev.lamina.cuda.driver.GpuModule;
import dev.lamina.shaders.Kernel;
import dev.lamina.shaders.ProgramKey;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** The kernels of one card, loaded when a program first needs them. They go with the context. */
final class Kernels {
  private final GpuContext context;
  private final KernelImages source;
  private final Map<ProgramKey, GpuModule> modules = new HashMap<>();
  private final Map<Kernel, GpuKernel> kernels = new HashMap<>();

  Kernels(GpuContext context, KernelImages source) {
    this.context = context;
    this.source = source;
  }

  /** Loads what is not loaded yet. */
  void load(Set<ProgramKey> programs) {
    Set<ProgramKey> missing = new LinkedHashSet<>(programs);
    missing.removeAll(modules.keySet());
    if (!missing.isEmpty()) {
      source.images(missing).forEach((key, image) -> modules.put(key, context.load(image)));
    }
  }

  /** A kernel of a program that is loaded. */
  GpuKernel get(Kernel kernel) {
    GpuKernel found = kernels.get(kernel);
    if (found == null) {
      found = modules.get(kernel.program()).kernel(kernel.entry());
      kernels.put(kernel, found);
    }
    return found;
  }
}
