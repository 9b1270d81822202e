package dev.lamina.tokenizer;

import dev.lamina.gguf.Metadata;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;

/**
 * The tokenizer of a model: text to token ids and back. Made from the metadata of a GGUF file, of
 * which nothing is used afterwards. Immutable; usable from any thread.
 *
 * <p>Gives llama.cpp's tokens: {@code gpt2} vocabularies (byte-pair encoding with the pre-tokenizer
 * that the file names) and {@code llama} ones (SentencePiece with byte fall-back).
 */
public final class Tokenizer {
  /** What {@link TokenizerReader} puts together. */
  record Parts(
      String source,
      String model,
      String preTokenizer,
      Tokens tokens,
      SpecialTokens special,
      Encoder encoder,
      SpecialMatcher allSpecial,
      SpecialMatcher userDefined,
      boolean addBos,
      boolean addEos,
      boolean addSpacePrefix,
      List<String> warnings) {}

  private final Parts parts;

  Tokenizer(Parts parts) {
    this.parts = parts;
  }

  /**
   * Reads the keys {@code tokenizer.ggml.*}.
   *
   * @throws dev.lamina.LaminaException where the vocabulary is missing, of an unknown kind, or
   *     inconsistent; the sentence names the file and the key
   */
  public static Tokenizer of(Metadata metadata) {
    return new TokenizerReader(metadata).read();
  }

  /**
   * Encodes a text.
   *
   * @param addSpecial whether BOS and EOS are added where the model wants them ({@link #addBos},
   *     {@link #addEos})
   * @param parseSpecial whether the texts of control tokens ({@code <|im_start|>}) become these
   *     tokens; do so for templates, not for what a user types. User-defined tokens always do.
   */
  public int[] encode(CharSequence text, boolean addSpecial, boolean parseSpecial) {
    return encode(text, addSpecial, parseSpecial, null);
  }

  /**
   * @param filter changes the parts of the text between special tokens before they are encoded; may
   *     be null
   */
  int[] encode(
      CharSequence text, boolean addSpecial, boolean parseSpecial, UnaryOperator<String> filter) {
    IntList out = new IntList(text.length() / 3 + 8);
    if (addSpecial && parts.addBos) {
      out.add(parts.special.bos.getAsInt());
    }
    SpecialMatcher matcher = parseSpecial ? parts.allSpecial : parts.userDefined;
    matcher.partition(
        text,
        new SpecialMatcher.Parts() {
          private boolean afterSpecial = true;

          @Override
          public void text(int from, int to) {
            if (filter == null) {
              parts.encoder.encode(text, from, to, afterSpecial, out);
            } else {
              String part = filter.apply(text.subSequence(from, to).toString());
              parts.encoder.encode(part, 0, part.length(), afterSpecial, out);
            }
            afterSpecial = false;
          }

          @Override
          public void token(int id) {
            out.add(id);
            afterSpecial = true;
          }
        });
    if (addSpecial && parts.addEos) {
      out.add(parts.special.eos.getAsInt());
    }
    return out.toArray();
  }

  /** Where in a text something begins that is parsed only where control tokens are, ascending. */
  List<Integer> controlStarts(String text) {
    return parts.allSpecial.starts(text, id -> type(id).hidden());
  }

  /** Decodes tokens without their control tokens; see {@link #decode(int[], boolean)}. */
  public String decode(int... ids) {
    return decode(ids, false);
  }

  /**
   * The text of tokens that begin a text: where encoding puts a blank before a text, it is taken
   * away. Bytes that are no UTF-8 become U+FFFD.
   *
   * @param showSpecial whether control tokens are written out
   * @throws TokenizerException where an id is outside the vocabulary
   */
  public String decode(int[] ids, boolean showSpecial) {
    StreamDecoder decoder = new StreamDecoder(this, showSpecial, true);
    ByteArrayOutputStream out = new ByteArrayOutputStream(ids.length * 4);
    for (int id : ids) {
      out.writeBytes(decoder.next(id));
    }
    return Utf8.toString(out.toByteArray(), 0, out.size());
  }

  /** A decoder for tokens that continue a text. */
  public StreamDecoder stream(boolean showSpecial) {
    return new StreamDecoder(this, showSpecial, false);
  }

  /**
   * A decoder for tokens one by one.
   *
   * @param atStart whether they begin a text, as for {@link #decode(int[], boolean)}, or continue
   *     one
   */
  public StreamDecoder stream(boolean showSpecial, boolean atStart) {
    return new StreamDecoder(this, showSpecial, atStart);
  }

  /**
   * The bytes that a token stands for, control tokens written out; maybe a part of a character.
   *
   * @throws TokenizerException where the id is outside the vocabulary
   */
  public byte[] bytes(int id) {
    check(id);
    return parts.tokens.bytes(id);
  }

  /** {@link #bytes} as text, for display; parts of characters become U+FFFD. */
  public String piece(int id) {
    byte[] bytes = bytes(id);
    return Utf8.toString(bytes, 0, bytes.length);
  }

  /**
   * The token whose text, as the file writes it, is this: {@code <think>}, {@code <|im_end|>}. For
   * a vocabulary of byte-pair encoding the text of plain tokens is in GPT-2's byte alphabet.
   */
  public OptionalInt find(String text) {
    int id = parts.tokens.find(text);
    return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** Number of tokens in the file. The model's logits may be longer (padding). */
  public int vocabularySize() {
    return parts.tokens.size;
  }

  /** The kind of a token. */
  public TokenType type(int id) {
    check(id);
    return parts.tokens.types[id];
  }

  /** Whether a token steers the model and is no text. */
  public boolean isControl(int id) {
    return type(id) == TokenType.CONTROL;
  }

  /** Whether a token is cut out of a text as a whole: control, unknown or user-defined. */
  public boolean isSpecial(int id) {
    return type(id).partitions();
  }

  /** Whether a token ends the model's answer: EOS, end of turn, end of message, and their like. */
  public boolean isEndOfGeneration(int id) {
    return id >= 0 && parts.special.ends.get(id);
  }

  /** All tokens that end an answer, in ascending order. */
  public int[] endOfGeneration() {
    return parts.special.ends.stream().toArray();
  }

  /** Beginning of a text. */
  public OptionalInt bos() {
    return parts.special.bos;
  }

  /** End of a text. */
  public OptionalInt eos() {
    return parts.special.eos;
  }

  /** End of a turn in a chat. */
  public OptionalInt eot() {
    return parts.special.eot;
  }

  /** End of a message that expects a tool's answer. */
  public OptionalInt eom() {
    return parts.special.eom;
  }

  public OptionalInt unknown() {
    return parts.special.unknown;
  }

  public OptionalInt separator() {
    return parts.special.separator;
  }

  public OptionalInt padding() {
    return parts.special.padding;
  }

  /** Before the text that stands before a gap to be filled. */
  public OptionalInt fimPrefix() {
    return parts.special.fimPrefix;
  }

  /** Before the text that stands behind a gap to be filled. */
  public OptionalInt fimSuffix() {
    return parts.special.fimSuffix;
  }

  /** Before the text that fills a gap. */
  public OptionalInt fimMiddle() {
    return parts.special.fimMiddle;
  }

  /** Whether a text begins with BOS. */
  public boolean addBos() {
    return parts.addBos;
  }

  /** Whether a text ends with EOS. */
  public boolean addEos() {
    return parts.addEos;
  }

  /** Whether a blank is put before a text (SentencePiece). */
  public boolean addSpacePrefix() {
    return parts.addSpacePrefix;
  }

  /** {@code tokenizer.ggml.model}: {@code gpt2} or {@code llama}. */
  public String model() {
    return parts.model;
  }

  /** {@code tokenizer.ggml.pre}; empty where the file has none. */
  public String preTokenizer() {
    return parts.preTokenizer;
  }

  /** What is strange about the file but does not hinder, a sentence each. */
  public List<String> warnings() {
    return parts.warnings;
  }

  private void check(int id) {
    if (id < 0 || id >= parts.tokens.size) {
      throw new TokenizerException(
          "%s: token %d is outside the vocabulary of %d tokens"
              .formatted(parts.source, id, parts.tokens.size));
    }
  }
}
