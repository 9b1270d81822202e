package dev.lamina.app;

import dev.lamina.LaminaException;
import dev.lamina.session.GenerateOptions;
import dev.lamina.session.Sampling;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The flags of how tokens are picked and when to stop; names and defaults are llama.cpp's. */
final class SamplingFlags {

  private static final Pattern BIAS =
      Pattern.compile("(\\d{1,9})([+-](?:\\d+\\.?\\d*|\\.\\d+|inf))", Pattern.CASE_INSENSITIVE);

  @Spec(Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = {"-n", "--predict", "--n-predict"},
      paramLabel = "N",
      description = "Tokens to generate. -1: until the model ends or the context is full. [-1]")
  private int tokens = -1;

  @Option(
      names = {"-s", "--seed"},
      paramLabel = "N",
      description = "Seed of the random numbers: same seed, same text. -1: another each time. [-1]")
  private long seed = -1;

  @Option(
      names = {"--temp", "--temperature"},
      paramLabel = "X",
      description = "Temperature. 0: always the most likely token. [0.8]")
  private float temperature = Sampling.DEFAULT.temperature();

  @Option(
      names = "--top-k",
      paramLabel = "N",
      description = "Only the N most likely tokens. 0: all. [40]")
  private int topK = Sampling.DEFAULT.topK();

  @Option(
      names = "--top-p",
      paramLabel = "X",
      description = "Only the most likely tokens that together reach X. 1: all. [0.95]")
  private float topP = Sampling.DEFAULT.topP();

  @Option(
      names = "--min-p",
      paramLabel = "X",
      description = "Only tokens at least X times as likely as the first. 0: all. [0.05]")
  private float minP = Sampling.DEFAULT.minP();

  @Option(
      names = "--repeat-last-n",
      paramLabel = "N",
      description = "Tokens that the penalties look back on. 0: none, -1: all. [64]")
  private int penaltyLastN = Sampling.DEFAULT.penaltyLastN();

  @Option(
      names = "--repeat-penalty",
      paramLabel = "X",
      description = "Divides the logits of tokens seen. 1: none. [1]")
  private float repeatPenalty = Sampling.DEFAULT.repeatPenalty();

  @Option(
      names = "--presence-penalty",
      paramLabel = "X",
      description = "Taken from the logits of tokens seen. 0: none. [0]")
  private float presencePenalty = Sampling.DEFAULT.presencePenalty();

  @Option(
      names = "--frequency-penalty",
      paramLabel = "X",
      description = "Taken for each time that a token was seen. 0: none. [0]")
  private float frequencyPenalty = Sampling.DEFAULT.frequencyPenalty();

  @Option(
      names = {"-l", "--logit-bias"},
      paramLabel = "ID+X|ID-X",
      description = "Changes the logit of a token; ID-inf bans it. May be repeated.")
  private List<String> biases = List.of();

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "Text that ends the answer and is no part of it. May be repeated.")
  private List<String> stop = List.of();

  @Option(names = "--ignore-eos", description = "Go on when the model ends its answer.")
  private boolean ignoreEnd;

  /**
   * The flags as the library takes them.
   *
   * @throws ParameterException where a value makes no sense
   */
  GenerateOptions options(int logProbabilities) {
    try {
      return new GenerateOptions(
          tokens,
          new Sampling(
              temperature,
              // llama.cpp counts everything below 1 as "all".
              Math.max(0, topK),
              topP,
              minP,
              penaltyLastN,
              repeatPenalty,
              frequencyPenalty,
              presencePenalty,
              bias(),
              seed == -1 ? ThreadLocalRandom.current().nextLong(1L << 32) : seed),
          stop,
          ignoreEnd,
          logProbabilities,
          false);
    } catch (LaminaException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage());
    }
  }

  private Map<Integer, Float> bias() {
    Map<Integer, Float> all = new HashMap<>();
    for (String text : biases) {
      Matcher m = BIAS.matcher(text);
      if (!m.matches()) {
        throw new ParameterException(
            spec.commandLine(),
            "--logit-bias takes a token's number and a signed bias, such as 15043+1.5 or 2-inf, not"
                + " '"
                + text
                + "'");
      }
      String value = m.group(2).toLowerCase(java.util.Locale.ROOT);
      all.put(
          Integer.valueOf(m.group(1)),
          switch (value) {
            case "-inf" -> Float.NEGATIVE_INFINITY;
            case "+inf" -> Float.POSITIVE_INFINITY;
            default -> Float.valueOf(value);
          });
    }
    return all;
  }
}
