package dev.lamina.features;

import dev.lamina.backend.Op;
import dev.lamina.backend.Support;
import dev.lamina.backend.TensorSpec;
import dev.lamina.gguf.GgmlType;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The policies that stand above any backend's own word. Placement and the feature matrix both ask
 * {@link #apply}; a new policy is one more entry in {@link #RULES}.
 */
public final class MatrixRules {
  private static final String I_QUANTS_ON_VULKAN =
      "I-quants are not offered on Vulkan; take a K-quant file for a Vulkan device";

  private static final String I_QUANTS_ON_CPU =
      "I-quants are slower on the CPU than K-quants of about their size";

  /** What a rule says where it applies. */
  private enum Verdict {
    NOT_OFFERED,
    SLOW
  }

  /** One policy: for which backend, for which weight types, what, and in which words. */
  private record Rule(
      String backend, Predicate<GgmlType> types, Verdict verdict, String sentence) {}

  private static final List<Rule> RULES =
      List.of(
          new Rule("vulkan", GgmlType::isIQuant, Verdict.NOT_OFFERED, I_QUANTS_ON_VULKAN),
          new Rule("cpu", GgmlType::isIQuant, Verdict.SLOW, I_QUANTS_ON_CPU));

  private MatrixRules() {}

  /**
   * What counts of a backend's own word on an op.
   *
   * @param backend the provider's name, in any case
   * @param op the op that was asked about
   * @param own what the backend or the device said
   * @return {@link Support.No} where a rule forbids the op, whatever {@code own} is; {@link
   *     Support.Slow} where a rule marks it slow and {@code own} is {@link Support.Full}; else
   *     {@code own}
   */
  public static Support apply(String backend, Op op, Support own) {
    Optional<String> forbidden = forbids(backend, op);
    if (forbidden.isPresent()) {
      return Support.no(forbidden.get());
    }
    if (own instanceof Support.Full) {
      Optional<String> slow = find(backend, op, Verdict.SLOW);
      if (slow.isPresent()) {
        return Support.slow(slow.get());
      }
    }
    return own;
  }

  /** Why a rule forbids weights of this type on this backend; empty where none does. */
  public static Optional<String> forbids(String backend, GgmlType type) {
    return find(backend, type, Verdict.NOT_OFFERED).map(Rule::sentence);
  }

  /** Why a rule marks weights of this type as slow on this backend; empty where none does. */
  public static Optional<String> slow(String backend, GgmlType type) {
    return find(backend, type, Verdict.SLOW).map(Rule::sentence);
  }

  /** Why a rule forbids this op on this backend; empty where none does. */
  public static Optional<String> forbids(String backend, Op op) {
    return find(backend, op, Verdict.NOT_OFFERED);
  }

  private static Optional<String> find(String backend, Op op, Verdict verdict) {
    for (TensorSpec weight : op.weights()) {
      Optional<Rule> rule = find(backend, weight.type(), verdict);
      if (rule.isPresent()) {
        return Optional.of(weight.type() + ": " + rule.get().sentence);
      }
    }
    return Optional.empty();
  }

  private static Optional<Rule> find(String backend, GgmlType type, Verdict verdict) {
    String name = backend.toLowerCase(Locale.ROOT);
    for (Rule rule : RULES) {
      if (rule.verdict == verdict && rule.backend.equals(name) && rule.types.test(type)) {
        return Optional.of(rule);
      }
    }
    return Optional.empty();
  }
}
