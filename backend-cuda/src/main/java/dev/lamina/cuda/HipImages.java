package dev.lamina.cuda;

import dev.lamina.cuda.hip.HipCompiler;
import dev.lamina.shaders.CardKernels;
import dev.lamina.shaders.Dialect;
import dev.lamina.shaders.ProgramKey;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Kernels compiled on the user's machine for the card that is there. */
final class HipImages implements KernelImages {
  private final HipCompiler compiler;

  /**
   * @param cache where code is kept that the runtime of this version has made
   */
  HipImages(Path cache, String architecture) {
    compiler = new HipCompiler(cache, architecture);
  }

  @Override
  public Map<ProgramKey, byte[]> images(Set<ProgramKey> programs) {
    Map<String, String> texts = new LinkedHashMap<>();
    Map<ProgramKey, String> names = new LinkedHashMap<>();
    for (ProgramKey key : programs) {
      String text = CardKernels.text(Dialect.HIP, key);
      String name = key.name() + "-" + PtxImages.hash(text);
      texts.put(name, text);
      names.put(key, name);
    }
    Map<String, byte[]> code = compiler.compile(texts);
    Map<ProgramKey, byte[]> images = new LinkedHashMap<>();
    names.forEach((key, name) -> images.put(key, code.get(name)));
    return images;
  }
}
