package dev.lamina.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.session.GenerateOptions;
import dev.lamina.session.LoadOptions;
import dev.lamina.session.Model;
import dev.lamina.session.Sampling;
import dev.lamina.session.Session;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ChatLoopTest {

  private static final GenerateOptions GREEDY =
      GenerateOptions.DEFAULT.withSampling(Sampling.GREEDY).withMaxTokens(12);

  private static Model model;

  @BeforeAll
  static void load() {
    model = Model.load(DemoModel.file());
  }

  @AfterAll
  static void close() {
    model.close();
  }

  /** A person who types prepared messages, and presses Ctrl-C during an answer when told to. */
  private static final class Script implements Lines {
    private final Deque<Read> script = new ArrayDeque<>();
    private boolean interrupts;

    Script say(String... messages) {
      List.of(messages).forEach(m -> script.add(new Read.Message(m)));
      return this;
    }

    Script interruptsAnswers() {
      interrupts = true;
      return this;
    }

    Script pressesInterrupt() {
      script.add(new Read.None(End.INTERRUPTED));
      return this;
    }

    @Override
    public Read read() {
      return script.isEmpty() ? new Read.None(End.INPUT) : script.poll();
    }

    @Override
    public void onInterrupt(Runnable action) {
      if (interrupts && action != null) {
        action.run();
      }
    }

    @Override
    public void close() {}
  }

  private record Chatted(String out, String err, int tokens) {}

  private static Chatted chat(Script script, LoadOptions options, boolean interactive) {
    return chat(script, options, interactive, true);
  }

  private static Chatted chat(
      Script script, LoadOptions options, boolean interactive, boolean thinking) {
    var out = new StringWriter();
    var err = new StringWriter();
    try (Model own = options == null ? null : Model.load(DemoModel.file(), options);
        Session session = (own == null ? model : own).newSession()) {
      new ChatLoop(script, session, GREEDY, new PrintWriter(out), new PrintWriter(err), interactive)
          .showThinking(thinking)
          .run(null);
      return new Chatted(out.toString(), err.toString(), session.tokens().length);
    }
  }

  private static Chatted chat(String... messages) {
    return chat(new Script().say(messages), null, false);
  }

  @Test
  void answersGoToStdoutOneAfterTheOther() {
    Chatted one = chat("Hello!");
    assertEquals("", one.err);
    assertEquals(1, one.out.lines().count(), one.out);
    Chatted two = chat("Hello!", "Who are you?");
    assertTrue(two.out.startsWith(one.out), two.out);
    assertEquals(2, two.out.lines().count(), two.out);
    assertTrue(two.tokens > one.tokens + 12);
  }

  @Test
  void clearForgetsAndUndoTakesBack() {
    String alone = chat("Who are you?").out;
    assertTrue(chat("Hello!", "/clear", "Who are you?").out.endsWith(alone));
    assertTrue(chat("Hello!", "/undo", "Who are you?").out.endsWith(alone));
  }

  @Test
  void regenAnswersAgain() {
    String once = chat("Hello!").out;
    assertEquals(once + once, chat("Hello!", "/regen").out);
    assertEquals("there is no answer to make again\n", chat("/regen").err);
  }

  @Test
  void theSystemPromptStaysUntilItIsChanged() {
    int plain = chat("Hello!").tokens;
    assertTrue(chat("/system You are a kind owl.", "/clear", "Hello!").tokens > plain + 5);
    assertEquals(plain, chat("/system You are a kind owl.", "/system", "Hello!").tokens);
  }

  @Test
  void slashesThatAreNoCommandAreToldAndNotSent() {
    Chatted chatted = chat("/nonsense", "/exit", "never sent");
    assertEquals("", chatted.out);
    assertEquals("/nonsense is no command; /help lists them\n", chatted.err);
    assertEquals(0, chatted.tokens);
    // A blank before it makes it a message.
    assertFalse(chat(" /help").out.isEmpty());
  }

  @Test
  void readTakesANameOfAFile() {
    Chatted chatted = chat("/read", "/read no such file");
    assertEquals("", chatted.out);
    assertEquals(
        "/read takes the name of a file\nno such file: there is no such file\n", chatted.err);
  }

  @Test
  void helpNamesEveryCommand() {
    String help = chat("/help").err;
    for (String command : ChatLoop.COMMANDS) {
      assertTrue(help.contains(command), command);
    }
  }

  @Test
  void interruptStopsTheAnswerAndNotTheChat() {
    Script script = new Script().say("Tell me a story.").interruptsAnswers().pressesInterrupt();
    Chatted chatted = chat(script.say("/stats"), null, true);
    assertEquals("", chatted.out);
    assertTrue(chatted.err.contains("Ctrl-D or /exit ends"), chatted.err);
    assertTrue(chatted.err.contains("answer 0 tokens"), chatted.err);
  }

  @Test
  void aFullContextForgetsTheOldest() {
    LoadOptions small = LoadOptions.DEFAULT.withContext(64);
    Script script =
        new Script().say("Hello!", "Who are you?", "What do you know?", "Tell me a story.");
    Chatted chatted = chat(script, small, false);
    assertEquals(4, chatted.out.lines().count(), chatted.out);
    assertTrue(chatted.err.contains("its oldest messages are forgotten"), chatted.err);
    assertTrue(chatted.tokens <= 64);
  }

  @Test
  void aMessageThatIsTooLongIsToldAndTakenBack() {
    LoadOptions small = LoadOptions.DEFAULT.withContext(64);
    Script script = new Script().say("word ".repeat(100), "Hello!");
    Chatted chatted = chat(script, small, true);
    assertTrue(chatted.err.contains("the context 64"), chatted.err);
    assertEquals(1, chatted.out.lines().count(), chatted.out);
  }

  @Test
  void reasoningStaysApartFromTheAnswer() {
    // The demo model does not know the tags, so that all it says is taken for reasoning.
    LoadOptions thinking = LoadOptions.DEFAULT.withChatTemplate("chatml-think");
    Chatted shown = chat(new Script().say("Hello!"), thinking, false, true);
    assertEquals("", shown.out);
    assertFalse(shown.err.isBlank());
    Chatted hidden = chat(new Script().say("Hello!"), thinking, false, false);
    assertEquals("", hidden.out + hidden.err);
    Chatted terminal = chat(new Script().say("Hello!"), thinking, true, true);
    assertTrue(terminal.out.startsWith("\u001b[2m"), terminal.out);
    assertTrue(terminal.out.endsWith("\u001b[0m\n"), terminal.out);
  }

  @Test
  void severalLines() {
    assertTrue(Lines.isOpen("\"\"\"one"));
    assertTrue(Lines.isOpen("one \\"));
    assertFalse(Lines.isOpen("one"));
    assertFalse(Lines.isOpen("\"\"\"one\ntwo\"\"\""));
    assertEquals("one\ntwo", Lines.message("\"\"\"\none\ntwo\n\"\"\""));
    assertEquals("one\ntwo", Lines.message("one\\\ntwo"));
    assertEquals(" /a", Lines.message(" /a "));
  }
}
