package dev.lamina.model.synthetic;

import dev.lamina.model.ModelException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The hyper-parameters of a model family's size, as its publisher gives them.
 *
 * @param name the name by which a user picks it
 * @param architecture {@code general.architecture}
 * @param nLayer layers
 * @param nEmbd width of the hidden state
 * @param nHead query heads
 * @param nHeadKv key-value heads
 * @param headDim values of a head
 * @param nFf inner width of the feed-forward block, or of one expert
 * @param nVocab tokens
 * @param contextLength positions trained for
 * @param ropeBase frequency base
 * @param ropeFactor linear scaling of the rotary embedding, 1 for none
 * @param tied whether the embeddings are the output matrix too
 * @param window sliding window, 0 for none
 * @param nExpert experts, 0 for a dense model
 * @param nExpertUsed experts that each token goes through
 */
public record SyntheticShape(
    String name,
    String architecture,
    int nLayer,
    int nEmbd,
    int nHead,
    int nHeadKv,
    int headDim,
    int nFf,
    int nVocab,
    int contextLength,
    float ropeBase,
    float ropeFactor,
    boolean tied,
    int window,
    int nExpert,
    int nExpertUsed) {
  private static final Map<String, SyntheticShape> KNOWN = new LinkedHashMap<>();

  static {
    llama("llama-tiny", 2, 512, 8, 2, 1024, 4096, false);
    llama("llama-1b", 16, 2048, 32, 8, 8192, 128256, true);
    llama("llama-3b", 28, 3072, 24, 8, 8192, 128256, true);
    llama("llama-8b", 32, 4096, 32, 8, 14336, 128256, false);
    llama("llama-70b", 80, 8192, 64, 8, 28672, 128256, false);
    llama2("tinyllama-1b", 22, 2048, 32, 4, 5632, 2048, 1e4f, 0, 0);
    llama2("mistral-7b", 32, 4096, 32, 8, 14336, 32768, 1e6f, 0, 0);
    llama2("mixtral-8x7b", 32, 4096, 32, 8, 14336, 32768, 1e6f, 8, 2);
    qwen2("qwen2-0.5b", 24, 896, 14, 2, 4864, 151936, true);
    qwen2("qwen2-1.5b", 28, 1536, 12, 2, 8960, 151936, true);
    qwen2("qwen2-7b", 28, 3584, 28, 4, 18944, 152064, false);
    qwen2moe("qwen1.5-moe-a2.7b", 24, 2048, 16, 16, 1408, 60, 4);
    qwen2moe("qwen2-57b-a14b", 28, 3584, 28, 4, 2560, 64, 8);
    qwen3("qwen3-0.6b", 28, 1024, 16, 8, 3072, true, 0);
    qwen3("qwen3-1.7b", 28, 2048, 16, 8, 6144, true, 0);
    qwen3("qwen3-4b", 36, 2560, 32, 8, 9728, true, 0);
    qwen3("qwen3-8b", 36, 4096, 32, 8, 12288, false, 0);
    qwen3("qwen3-30b-a3b", 48, 2048, 32, 4, 768, false, 128);
    gemma("gemma2-2b", "gemma2", 26, 2304, 8, 4, 256, 9216, 256000, 8192, 1, 4096);
    gemma("gemma3-1b", "gemma3", 26, 1152, 4, 1, 256, 6912, 262144, 32768, 1, 512);
    gemma("gemma3-4b", "gemma3", 34, 2560, 8, 4, 256, 10240, 262208, 131072, 8, 1024);
    gemma("gemma3-12b", "gemma3", 48, 3840, 16, 8, 256, 15360, 262208, 131072, 8, 1024);
    gemma("gemma3-27b", "gemma3", 62, 5376, 32, 16, 128, 21504, 262208, 131072, 8, 1024);
  }

  /** The names of the shapes known. */
  public static List<String> names() {
    return List.copyOf(KNOWN.keySet());
  }

  /**
   * The shape of this name.
   *
   * @throws ModelException where there is none; the message lists those known
   */
  public static SyntheticShape byName(String name) {
    SyntheticShape shape = KNOWN.get(name);
    if (shape == null) {
      throw new ModelException(
          "there is no synthetic model '" + name + "': choose " + String.join(", ", names()));
    }
    return shape;
  }

  /** Whether there is an expert that all tokens go through. */
  boolean sharedExpert() {
    return architecture.equals("qwen2moe");
  }

  /** The inner width of that expert: as wide as the experts that a token uses, in all models. */
  int nFfShared() {
    return nFf * nExpertUsed;
  }

  /** Whether this is one of Llama 3.1 and its like, which have rotary factors in a tensor. */
  boolean ropeFactors() {
    return architecture.equals("llama") && ropeBase == 5e5f;
  }

  private static void llama(
      String name, int layers, int embd, int head, int headKv, int ff, int vocab, boolean tied) {
    add(
        new SyntheticShape(
            name,
            "llama",
            layers,
            embd,
            head,
            headKv,
            embd / head,
            ff,
            vocab,
            131072,
            5e5f,
            1,
            tied,
            0,
            0,
            0));
  }

  private static void llama2(
      String name,
      int layers,
      int embd,
      int head,
      int headKv,
      int ff,
      int context,
      float base,
      int experts,
      int used) {
    add(
        new SyntheticShape(
            name,
            "llama",
            layers,
            embd,
            head,
            headKv,
            embd / head,
            ff,
            32000,
            context,
            base,
            1,
            false,
            0,
            experts,
            used));
  }

  private static void qwen2(
      String name, int layers, int embd, int head, int headKv, int ff, int vocab, boolean tied) {
    add(
        new SyntheticShape(
            name,
            "qwen2",
            layers,
            embd,
            head,
            headKv,
            embd / head,
            ff,
            vocab,
            32768,
            1e6f,
            1,
            tied,
            0,
            0,
            0));
  }

  private static void qwen2moe(
      String name, int layers, int embd, int head, int headKv, int ff, int experts, int used) {
    add(
        new SyntheticShape(
            name,
            "qwen2moe",
            layers,
            embd,
            head,
            headKv,
            embd / head,
            ff,
            151936,
            32768,
            1e6f,
            1,
            false,
            0,
            experts,
            used));
  }

  private static void qwen3(
      String name, int layers, int embd, int head, int headKv, int ff, boolean tied, int experts) {
    String architecture = experts == 0 ? "qwen3" : "qwen3moe";
    add(
        new SyntheticShape(
            name,
            architecture,
            layers,
            embd,
            head,
            headKv,
            128,
            ff,
            151936,
            40960,
            1e6f,
            1,
            tied,
            0,
            experts,
            experts == 0 ? 0 : 8));
  }

  private static void gemma(
      String name,
      String architecture,
      int layers,
      int embd,
      int head,
      int headKv,
      int headDim,
      int ff,
      int vocab,
      int context,
      float ropeFactor,
      int window) {
    float base = architecture.equals("gemma2") ? 1e4f : 1e6f;
    add(
        new SyntheticShape(
            name,
            architecture,
            layers,
            embd,
            head,
            headKv,
            headDim,
            ff,
            vocab,
            context,
            base,
            ropeFactor,
            true,
            window,
            0,
            0));
  }

  private static void add(SyntheticShape shape) {
    KNOWN.put(shape.name, shape);
  }
}
