package dev.lamina.session;

import dev.lamina.LaminaException;
import dev.lamina.backend.Output;
import dev.lamina.session.Token.Alternative;
import dev.lamina.tokenizer.StreamDecoder;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * Tokens as they are generated. Each is computed when asked for, so whoever stops iterating stops
 * the model. To be iterated once; {@link #cancel} may be called from any thread and takes effect
 * before the next token.
 */
public final class Generation implements Iterator<Token>, Iterable<Token> {
  private final Session session;
  private final int[] prompt;
  private final GenerateOptions options;
  private final Sampler sampler;
  private final StreamDecoder decoder;
  private final StopMatcher stops;
  private final Output want;

  /** Whether the model has logits beyond the vocabulary, which some do to round its size up. */
  private final boolean padded;

  private float[] logits;
  private int[] history;
  private int historyLength;
  private int greedy;
  private int generated;
  private int pending = -1;
  private int cached;
  private long promptNanos;
  private long generationNanos;
  private Token next;
  private volatile boolean cancelled;
  private volatile FinishReason finish;

  Generation(Session session, int[] prompt, GenerateOptions options) {
    this.session = session;
    this.prompt = prompt;
    this.options = options;
    sampler = new Sampler(options.sampling());
    decoder = session.tokenizer().stream(options.renderSpecial());
    stops = new StopMatcher(options.stop());
    padded = session.vocabulary() > session.tokenizer().vocabularySize();
    boolean plain = options.sampling().isPlainGreedy() && options.logProbabilities() < 0;
    want = plain && !options.ignoreEnd() && !padded ? Output.GREEDY : Output.LOGITS;
    history = Arrays.copyOf(prompt, prompt.length + 64);
    historyLength = prompt.length;
  }

  @Override
  public Iterator<Token> iterator() {
    return this;
  }

  @Override
  public boolean hasNext() {
    if (next == null && finish == null) {
      synchronized (session) {
        while (next == null && finish == null) {
          advance();
        }
      }
    }
    return next != null;
  }

  @Override
  public Token next() {
    if (!hasNext()) {
      throw new NoSuchElementException("the generation has ended: " + finish);
    }
    Token token = next;
    next = null;
    return token;
  }

  /** Generates to the end and gives the whole text. */
  public String text() {
    StringBuilder text = new StringBuilder();
    forEachRemaining(token -> text.append(token.text()));
    return text.toString();
  }

  /** Ends the generation before its next token. */
  public void cancel() {
    cancelled = true;
  }

  /** Why it ended, or null while it has not. */
  public FinishReason finishReason() {
    return finish;
  }

  /** What it took so far. */
  public Timings timings() {
    return new Timings(prompt.length, cached, promptNanos, generated, generationNanos);
  }

  /** Computes the next token, or ends. */
  private void advance() {
    if (cancelled || !session.isCurrent(this)) {
      end(FinishReason.CANCELLED);
      return;
    }
    if (options.maxTokens() >= 0 && generated >= options.maxTokens()) {
      end(FinishReason.LENGTH);
      return;
    }
    long start = System.nanoTime();
    boolean first = pending < 0;
    if (first) {
      cached = session.reuse(prompt);
      session.prefill(prompt, cached, want, this::take, () -> cancelled);
      if (cancelled) {
        end(FinishReason.CANCELLED);
        return;
      }
    } else if (session.length() >= session.context()) {
      end(FinishReason.LENGTH);
      return;
    } else {
      session.decode(pending, want, this::take);
    }
    emit();
    if (first) {
      promptNanos = System.nanoTime() - start;
    } else {
      generationNanos += System.nanoTime() - start;
    }
  }

  private void take(MemorySegment rows) {
    if (want == Output.GREEDY) {
      greedy = rows.get(ValueLayout.JAVA_INT, 0);
    } else {
      if (logits == null) {
        logits = new float[session.vocabulary()];
      }
      Engine.logits(rows, 0, logits);
      if (padded) {
        int size = session.tokenizer().vocabularySize();
        Arrays.fill(logits, size, logits.length, Float.NEGATIVE_INFINITY);
      }
    }
  }

  private void emit() {
    float normaliser = Float.NaN;
    List<Alternative> alternatives = List.of();
    float[] original = null;
    if (options.logProbabilities() >= 0) {
      normaliser = (float) Sampler.logSumExp(logits);
      original = logits.clone();
      alternatives = alternatives(normaliser);
    }
    int id = pick();
    if (session.tokenizer().isEndOfGeneration(id) && !options.ignoreEnd()) {
      end(FinishReason.STOP);
      return;
    }
    generated++;
    pending = id;
    remember(id);
    String text = stops.push(decoder.accept(id));
    next =
        new Token(id, text, original == null ? Float.NaN : original[id] - normaliser, alternatives);
    if (stops.found()) {
      finish = FinishReason.STOP;
    }
  }

  private int pick() {
    if (want == Output.GREEDY) {
      return greedy;
    }
    if (options.ignoreEnd()) {
      for (int id : session.tokenizer().endOfGeneration()) {
        logits[id] = Float.NEGATIVE_INFINITY;
      }
    }
    int id = sampler.sample(logits, history, historyLength);
    if (Float.isNaN(logits[id])) {
      throw new LaminaException(
          "the model's logits are not numbers: its file is damaged, or a kernel is wrong");
    }
    return id;
  }

  private List<Alternative> alternatives(float normaliser) {
    List<Alternative> found = new ArrayList<>();
    for (int id : Sampler.greatest(logits, Math.min(options.logProbabilities(), logits.length))) {
      found.add(new Alternative(id, logits[id] - normaliser));
    }
    return found;
  }

  private void remember(int id) {
    if (historyLength == history.length) {
      history = Arrays.copyOf(history, historyLength * 2);
    }
    history[historyLength++] = id;
  }

  /** Ends; text that was held back comes out as a last token of its own. */
  private void end(FinishReason reason) {
    finish = reason;
    String rest = stops.push(decoder.flush());
    rest = stops.found() ? rest : rest + stops.rest();
    if (!rest.isEmpty()) {
      next = new Token(-1, rest, Float.NaN, List.of());
    }
  }
}
