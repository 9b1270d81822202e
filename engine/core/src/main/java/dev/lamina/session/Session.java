package dev.lamina.session;

import dev.lamina.LaminaException;
import dev.lamina.backend.Output;
import dev.lamina.chat.Message;
import dev.lamina.tokenizer.Tokenizer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * One conversation with a model: a sequence of tokens whose keys and values are kept. Every prompt
 * is the whole text so far; what it shares with the session's tokens is not computed again. Methods
 * may be called from several threads and run one after the other; a new generation ends the one
 * before it.
 */
public final class Session implements AutoCloseable {
  private final Model model;
  private final Engine engine;
  private Sequence sequence;
  private volatile Generation current;

  Session(Model model, Engine engine, Sequence sequence) {
    this.model = model;
    this.engine = engine;
    this.sequence = sequence;
  }

  /**
   * Generates after {@code text}, in which special tokens are parsed; begins with the model's BOS
   * token if it wants one.
   */
  public Generation generate(String text, GenerateOptions options) {
    return generate(model.tokenizer().encode(text, true, true), options);
  }

  /** Generates the assistant's answer to a conversation, through the model's chat template. */
  public Generation chat(List<Message> messages, GenerateOptions options) {
    return generate(
        model.encode(model.chatPrompt(messages)), options.andStop(model.chatTemplate().stops()));
  }

  /**
   * Generates after {@code prompt}, the whole text so far. Nothing is computed before the first
   * token is asked for.
   */
  public synchronized Generation generate(int[] prompt, GenerateOptions options) {
    checkOpen();
    checkPrompt(prompt);
    endCurrent();
    current = new Generation(this, prompt.clone(), options);
    return current;
  }

  private void checkPrompt(int[] prompt) {
    if (prompt.length == 0) {
      throw new LaminaException("the prompt is empty: give at least one token");
    }
    if (prompt.length > engine.context()) {
      throw new LaminaException(
          "the prompt has %d tokens and the context %d: shorten it, or ask for a larger context (-c)"
              .formatted(prompt.length, engine.context()));
    }
    for (int id : prompt) {
      if (id < 0 || id >= engine.model().vocabulary()) {
        throw new LaminaException(
            "token %d is not in the vocabulary of %d".formatted(id, engine.model().vocabulary()));
      }
    }
  }

  private void checkRoom(int more) {
    if (more > engine.context() - sequence.length()) {
      throw new LaminaException(
          "the session has %d tokens, and the context of %d has no room for %d more: ask for a larger one (-c)"
              .formatted(sequence.length(), engine.context(), more));
    }
  }

  /** Told the logits of one row. */
  @FunctionalInterface
  public interface LogitsConsumer {
    /**
     * @param row the token's number in the prompt
     * @param logits one for each token of the vocabulary, for what follows that token; valid during
     *     the call
     */
    void accept(int row, float[] logits);
  }

  /**
   * Evaluates a text from its first token on and hands out the logits after every token from {@code
   * firstRow} on. The session then holds this text.
   */
  public synchronized void evaluate(int[] prompt, int firstRow, LogitsConsumer consumer) {
    checkOpen();
    checkPrompt(prompt);
    endCurrent();
    engine.truncate(sequence, 0);
    float[] logits = new float[engine.model().vocabulary()];
    int at = 0;
    while (at < prompt.length) {
      int count = Math.min(prompt.length - at, engine.limits().maxTokens());
      int skipped = Math.clamp(firstRow - at, 0, count);
      // A step gives so many rows at most; tokens without output before them ride along.
      count = Math.min(count, skipped + engine.limits().maxOutputs());
      int[] rows = new int[count - skipped];
      Arrays.setAll(rows, i -> skipped + i);
      int start = at;
      engine.run(
          new Batch().add(sequence, prompt, at, count, rows),
          Output.LOGITS,
          result -> {
            for (int i = 0; i < rows.length; i++) {
              Engine.logits(result, i, logits);
              consumer.accept(start + rows[i], logits);
            }
          });
      at += count;
    }
  }

  /**
   * Appends tokens to the session's own and gives the most likely one to follow, without sampling
   * or text: for measuring, and for callers with a loop of their own.
   *
   * @throws LaminaException where the context has no room for them; nothing is appended then
   */
  public synchronized int append(int... tokens) {
    checkOpen();
    checkPrompt(tokens);
    checkRoom(tokens.length);
    endCurrent();
    int[] next = new int[1];
    prefill(
        tokens, 0, Output.GREEDY, rows -> next[0] = rows.get(ValueLayout.JAVA_INT, 0), () -> false);
    return next[0];
  }

  /**
   * As {@link #append(int...)} for several sessions of one model at once, one token each, in a
   * single step. Nothing else may use them meanwhile.
   *
   * @param tokens for each session its token
   * @return for each session the most likely token to follow
   */
  public static int[] append(List<Session> sessions, int[] tokens) {
    Batch batch = new Batch();
    for (int i = 0; i < sessions.size(); i++) {
      Session session = sessions.get(i);
      session.checkOpen();
      if (session.engine != sessions.getFirst().engine) {
        throw new IllegalArgumentException("sessions of different models");
      }
      session.endCurrent();
      int[] token = {tokens[i]};
      session.checkPrompt(token);
      session.checkRoom(1);
      batch.add(session.sequence, token, 0, 1, new int[] {0});
    }
    int[] next = new int[sessions.size()];
    sessions
        .getFirst()
        .engine
        .run(
            batch,
            Output.GREEDY,
            rows -> MemorySegment.copy(rows, ValueLayout.JAVA_INT, 0, next, 0, next.length));
    return next;
  }

  /** The tokens whose keys and values are kept. */
  public synchronized int[] tokens() {
    return sequence == null ? new int[0] : sequence.tokens();
  }

  /** Tokens that the session can hold. */
  public int context() {
    return engine.context();
  }

  public Model model() {
    return model;
  }

  /** Another session that begins with this one's tokens. Their pages are shared, not copied. */
  public synchronized Session fork() {
    checkOpen();
    return model.adopt(engine.fork(sequence));
  }

  /** Forgets all tokens. */
  public synchronized void reset() {
    checkOpen();
    endCurrent();
    engine.truncate(sequence, 0);
  }

  /**
   * Makes the session hold {@code prompt} but for its last tokens, of which at least one is left
   * for the step that gives the first logits.
   *
   * @return how many tokens were there already
   */
  int reuse(int[] prompt) {
    int shared = 0;
    int most = Math.min(sequence.length(), prompt.length - 1);
    while (shared < most && sequence.token(shared) == prompt[shared]) {
      shared++;
    }
    return engine.truncate(sequence, shared);
  }

  /** Computes all of {@code prompt} after {@code from}; the last step gives output. */
  void prefill(int[] prompt, int from, Output want, Engine.Rows rows, BooleanSupplier cancelled) {
    int at = from;
    while (at < prompt.length && !cancelled.getAsBoolean()) {
      int count = Math.min(prompt.length - at, engine.limits().maxTokens());
      boolean last = at + count == prompt.length;
      engine.run(
          new Batch()
              .add(sequence, prompt, at, count, last ? new int[] {count - 1} : Batch.NO_OUTPUTS),
          want,
          last ? rows : none -> {});
      at += count;
    }
  }

  /** Appends one token and gives the output after it. */
  void decode(int token, Output want, Engine.Rows rows) {
    engine.run(new Batch().add(sequence, new int[] {token}, 0, 1, new int[] {0}), want, rows);
  }

  int length() {
    return sequence.length();
  }

  int vocabulary() {
    return engine.model().vocabulary();
  }

  Tokenizer tokenizer() {
    return model.tokenizer();
  }

  boolean isCurrent(Generation generation) {
    return sequence != null && current == generation;
  }

  private void endCurrent() {
    if (current != null) {
      current.cancel();
      current = null;
    }
  }

  private void checkOpen() {
    if (sequence == null) {
      throw new LaminaException("the session is closed");
    }
  }

  /**
   * Gives the session's place and pages back. Safe at any time, from any thread, and more than
   * once.
   */
  @Override
  public void close() {
    Generation running = current;
    if (running != null) {
      // Without waiting for the lock, so that a step in progress is the last one.
      running.cancel();
    }
    synchronized (this) {
      if (sequence != null) {
        endCurrent();
        engine.release(sequence);
        sequence = null;
      }
    }
  }
}
