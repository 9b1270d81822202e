package dev.lamina.chat;

import dev.lamina.chat.jinja.JinjaTemplate;
import dev.lamina.chat.jinja.TemplateException;
import dev.lamina.chat.json.JsonException;
import dev.lamina.gguf.Metadata;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * How a conversation becomes the text that a model continues: the model's own Jinja template, or a
 * built-in form. Immutable; rendering is deterministic but for today's date, which {@link
 * RenderOptions#withNow} fixes.
 */
public final class ChatTemplate {
  private static final String KEY = "tokenizer.chat_template";

  private final String origin;
  private final String source;
  private final List<String> stops;
  private final JinjaTemplate template;

  private ChatTemplate(String origin, String source, List<String> stops) {
    this.origin = origin;
    this.source = source;
    this.stops = stops;
    this.template = JinjaTemplate.parse(source);
  }

  /**
   * A template of the given text.
   *
   * @throws TemplateException where it is not well formed
   */
  public static ChatTemplate ofJinja(String source) {
    return new ChatTemplate("a given template", source, List.of());
  }

  /**
   * A built-in form by llama.cpp's name for it.
   *
   * @throws TemplateException where there is none of that name; the message lists all
   */
  public static ChatTemplate builtin(String name) {
    Builtin builtin = Builtin.ALL.get(name);
    if (builtin == null) {
      throw new TemplateException(
          "there is no built-in chat template named '"
              + name
              + "'; there are "
              + String.join(", ", builtinNames()));
    }
    return new ChatTemplate("the built-in form " + name, builtin.source(), builtin.stops());
  }

  public static Set<String> builtinNames() {
    return Builtin.ALL.keySet();
  }

  /** The template for a model, for conversations without tools. */
  public static ChatTemplate detect(Metadata metadata) {
    return detect(metadata, false);
  }

  /**
   * The template for a model: its own ({@code tokenizer.chat_template}, or with tools {@code
   * tokenizer.chat_template.tool_use} where there is one), else the built-in form that its special
   * tokens or its architecture speak for, else ChatML.
   *
   * @throws TemplateException where its own is not well formed
   */
  public static ChatTemplate detect(Metadata metadata, boolean tools) {
    for (String key : tools ? List.of(KEY + ".tool_use", KEY) : List.of(KEY, KEY + ".default")) {
      String source = metadata.string(key, "");
      // A built-in name in place of a template, as some converters write.
      if (Builtin.ALL.containsKey(source)) {
        return builtin(source);
      }
      if (!source.isBlank()) {
        return new ChatTemplate("the model's own template", source, List.of());
      }
    }
    return builtin(guess(metadata));
  }

  /** Whether a model brings a template of its own. */
  public static boolean hasOwn(Metadata metadata) {
    return !metadata.string(KEY, "").isBlank();
  }

  private static String guess(Metadata metadata) {
    String name = metadata.string("general.name", "").toLowerCase(Locale.ROOT);
    boolean reasoning = name.contains("qwq") || name.contains("olympiccoder");
    Set<String> marks = new HashSet<>();
    for (String token : metadata.strings("tokenizer.ggml.tokens")) {
      if (MARKS.containsKey(token)) {
        marks.add(token);
      }
    }
    for (Map.Entry<String, String> mark : MARKS.entrySet()) {
      if (marks.contains(mark.getKey())) {
        String form = mark.getValue();
        return form.equals("chatml") && reasoning ? "chatml-think" : form;
      }
    }
    String architecture = metadata.string("general.architecture", "");
    if (architecture.startsWith("gemma")) {
      return "gemma";
    }
    return switch (architecture) {
      case "phi3" -> "phi3";
      case "llama4" -> "llama4";
      case "command-r", "cohere2" -> "command-r";
      case "granite", "granitemoe" -> "granite";
      default -> reasoning ? "chatml-think" : "chatml";
    };
  }

  /** Tokens that only one family of forms has, the most telling first. */
  private static final Map<String, String> MARKS = new LinkedHashMap<>();

  static {
    MARKS.put("<|header_start|>", "llama4");
    MARKS.put("<|start_header_id|>", "llama3");
    MARKS.put("<start_of_turn>", "gemma");
    MARKS.put("<|im_sep|>", "phi4");
    MARKS.put("<|im_start|>", "chatml");
    MARKS.put("<|START_OF_TURN_TOKEN|>", "command-r");
    MARKS.put("<|start_of_role|>", "granite");
    MARKS.put("<｜User｜>", "deepseek3");
    MARKS.put("[SYSTEM_PROMPT]", "mistral-v7");
    MARKS.put("[INST]", "mistral-v3");
  }

  /** Where the template comes from, for messages: "the model's own template". */
  public String origin() {
    return origin;
  }

  /** The text of the template. */
  public String source() {
    return source;
  }

  /**
   * Texts that end the assistant's turn in a built-in form, for vocabularies whose
   * end-of-generation tokens do not cover them; empty for other templates.
   */
  public List<String> stops() {
    return stops;
  }

  /** How the model writes tool calls, as far as the template tells. */
  public Set<ToolCallFormat> toolCallFormats() {
    return ToolCallFormat.in(source);
  }

  /**
   * The text of a conversation; see {@link #prompt} for how to tokenize it.
   *
   * <p>The variables are those that transformers gives. Where the template fails on them, it gets
   * what some templates want instead: the arguments of calls as JSON text and not as a mapping, and
   * no {@code tools} at all in place of {@code none}.
   *
   * @throws TemplateException where the template fails or refuses the conversation
   */
  public String render(List<Message> messages, RenderOptions options) {
    Map<String, Object> variables = variables(messages, options);
    LocalDateTime now = options.now() == null ? LocalDateTime.now() : options.now();
    boolean calls = messages.stream().anyMatch(m -> !m.toolCalls().isEmpty());
    boolean noTools = variables.get("tools") == null;
    TemplateException first = null;
    for (int attempt = 0; attempt < 4; attempt++) {
      boolean textArguments = attempt >= 2;
      boolean withoutTools = attempt % 2 == 1;
      if (textArguments && !calls || withoutTools && !noTools) {
        continue;
      }
      variables.put("messages", turns(messages, textArguments));
      if (noTools) {
        variables.put("tools", null);
      }
      if (withoutTools) {
        variables.remove("tools");
      }
      try {
        return template.render(variables, now);
      } catch (TemplateException failure) {
        if (failure.raised() != null) {
          throw failure;
        }
        first = first == null ? failure : first;
      }
    }
    throw first;
  }

  /**
   * The text of a conversation, and how to go on from it.
   *
   * @throws TemplateException where the template fails or refuses the conversation
   */
  public Prompt prompt(List<Message> messages, RenderOptions options) {
    String text = render(messages, options);
    String bos = options.bos();
    boolean beginsWithBos = bos != null && !bos.isEmpty() && text.startsWith(bos);
    ThinkTags thinking = options.addGenerationPrompt() ? ThinkTags.openAtEnd(text) : null;
    return new Prompt(text, beginsWithBos, thinking);
  }

  private static Map<String, Object> variables(List<Message> messages, RenderOptions options) {
    Map<String, Object> variables = new LinkedHashMap<>();
    variables.put("messages", turns(messages, false));
    variables.put("add_generation_prompt", options.addGenerationPrompt());
    List<Object> tools = new ArrayList<>();
    options.tools().forEach(tool -> tools.add(tool.toValue()));
    variables.put("tools", tools.isEmpty() ? null : tools);
    // As transformers: a template asks whether there are documents, and gets None.
    variables.put("documents", null);
    if (options.bos() != null) {
      variables.put("bos_token", options.bos());
    }
    if (options.eos() != null) {
      variables.put("eos_token", options.eos());
    }
    variables.putAll(options.variables());
    return variables;
  }

  private static List<Object> turns(List<Message> messages, boolean textArguments) {
    List<Object> turns = new ArrayList<>();
    for (Message message : messages) {
      turns.add(turn(message, textArguments));
    }
    return turns;
  }

  private static Map<String, Object> turn(Message message, boolean textArguments) {
    Map<String, Object> turn = new LinkedHashMap<>();
    turn.put("role", message.role());
    turn.put("content", message.content());
    if (message.reasoning() != null) {
      turn.put("reasoning_content", message.reasoning());
    }
    if (!message.toolCalls().isEmpty()) {
      List<Object> calls = new ArrayList<>();
      for (ToolCall call : message.toolCalls()) {
        calls.add(call.toValue(textArguments ? call.arguments() : argumentsOf(call)));
      }
      turn.put("tool_calls", calls);
    }
    if (message.toolCallId() != null) {
      turn.put("tool_call_id", message.toolCallId());
    }
    if (message.name() != null) {
      turn.put("name", message.name());
    }
    return turn;
  }

  private static Object argumentsOf(ToolCall call) {
    try {
      return call.argumentValues();
    } catch (JsonException e) {
      // A model's malformed call is shown back to it as it wrote it.
      return call.arguments();
    }
  }
}
