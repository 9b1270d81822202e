package dev.lamina.app;

import dev.lamina.chat.ChatTemplate;
import dev.lamina.chat.Message;
import dev.lamina.chat.Prompt;
import dev.lamina.chat.RenderOptions;
import dev.lamina.chat.ThinkTags;
import dev.lamina.session.GenerateOptions;
import dev.lamina.tokenizer.Shield;
import dev.lamina.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** Turns messages into the tokens that a model continues, by its chat template. */
final class Conversation {

  /**
   * What the model continues.
   *
   * @param tokens the conversation, up to the beginning of the answer
   * @param thinking the tags of the reasoning that the answer begins in; null where it does not
   */
  record Turn(int[] tokens, ThinkTags thinking) {}

  private final Tokenizer tokenizer;
  private final ChatTemplate template;
  private final Shield shield;
  private final List<Message> messages = new ArrayList<>();

  Conversation(Tokenizer tokenizer, ChatTemplate template) {
    this.tokenizer = tokenizer;
    this.template = template;
    this.shield = new Shield(tokenizer);
  }

  /** The messages so far; the caller may change them. */
  List<Message> messages() {
    return messages;
  }

  /** The options with the texts that end an answer in this template's form as further stops. */
  GenerateOptions withStops(GenerateOptions options) {
    List<String> stops = new ArrayList<>(options.stop());
    stops.addAll(template.stops());
    return options.withStop(stops.toArray(String[]::new));
  }

  /**
   * The conversation as tokens. What looks like a control token in a message stays text.
   *
   * @throws dev.lamina.LaminaException where the template refuses the messages
   */
  Turn turn() {
    List<Message> marked = messages.stream().map(this::mark).toList();
    Prompt prompt =
        template.prompt(
            marked, RenderOptions.DEFAULT.withTokens(text(tokenizer.bos()), text(tokenizer.eos())));
    return new Turn(shield.encode(prompt.text(), !prompt.beginsWithBos()), prompt.thinking());
  }

  private Message mark(Message m) {
    return new Message(
        m.role(),
        m.content() == null ? null : shield.mark(m.content()),
        m.reasoning() == null ? null : shield.mark(m.reasoning()),
        m.toolCalls(),
        m.toolCallId(),
        m.name());
  }

  private String text(OptionalInt token) {
    return token.isPresent() ? tokenizer.piece(token.getAsInt()) : null;
  }
}
