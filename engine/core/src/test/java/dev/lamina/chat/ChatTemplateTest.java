package dev.lamina.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.chat.jinja.TemplateException;
import dev.lamina.gguf.Metadata;
import java.lang.reflect.Proxy;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChatTemplateTest {
  private static final List<Message> TALK =
      List.of(Message.system("{system}"), Message.user("{prompt}"));
  private static final List<Message> LONG_TALK =
      List.of(Message.system("S"), Message.user("U"), Message.assistant("A"), Message.user("V"));

  private static String builtin(String name, List<Message> messages) {
    return ChatTemplate.builtin(name).render(messages, RenderOptions.DEFAULT);
  }

  @Test
  void chatml() {
    String expected =
        "<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{prompt}<|im_end|>\n"
            + "<|im_start|>assistant\n";
    assertEquals(expected, builtin("chatml", TALK));
    assertEquals(expected + "<think>", builtin("chatml-think", TALK));
  }

  @Test
  void llama3() {
    assertEquals(
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n{system}<|eot_id|>"
            + "<|start_header_id|>user<|end_header_id|>\n\n{prompt}<|eot_id|>"
            + "<|start_header_id|>assistant<|end_header_id|>\n\n",
        builtin("llama3", TALK));
  }

  @Test
  void gemma() {
    assertEquals(
        "<bos><start_of_turn>user\n{system}\n{prompt}<end_of_turn>\n<start_of_turn>model\n",
        builtin("gemma", TALK));
    assertEquals(
        "<bos><start_of_turn>user\nS\nU<end_of_turn>\n<start_of_turn>model\nA<end_of_turn>\n"
            + "<start_of_turn>user\nV<end_of_turn>\n<start_of_turn>model\n",
        builtin("gemma", LONG_TALK));
  }

  @Test
  void otherForms() {
    Map<String, String> expected = new LinkedHashMap<>();
    expected.put(
        "phi3",
        "<|system|>\n"
            + "S<|end|>\n"
            + "<|user|>\n"
            + "U<|end|>\n"
            + "<|assistant|>\n"
            + "A<|end|>\n"
            + "<|user|>\n"
            + "V<|end|>\n"
            + "<|assistant|>\n");
    expected.put(
        "phi4",
        "<|im_start|>system<|im_sep|>S<|im_end|><|im_start|>user<|im_sep|>U<|im_end|><|im_start|>assistant<|im_sep|>A<|im_end|><|im_start|>user<|im_sep|>V<|im_end|><|im_start|>assistant<|im_sep|>");
    expected.put(
        "zephyr",
        "<|system|>\n"
            + "S<|endoftext|>\n"
            + "<|user|>\n"
            + "U<|endoftext|>\n"
            + "<|assistant|>\n"
            + "A<|endoftext|>\n"
            + "<|user|>\n"
            + "V<|endoftext|>\n"
            + "<|assistant|>\n");
    expected.put(
        "falcon3", "<|system|>\nS\n<|user|>\nU\n<|assistant|>\nA\n<|user|>\nV\n<|assistant|>\n");
    expected.put("llama2", "[INST] <<SYS>>\nS\n<</SYS>>\n\nU [/INST] A </s><s>[INST] V [/INST]");
    expected.put("mistral-v1", " [INST] S\n\nU [/INST] A</s> [INST] V [/INST]");
    expected.put("mistral-v3", "[INST] S\n\nU[/INST] A</s>[INST] V[/INST]");
    expected.put("mistral-v3-tekken", "[INST]S\n\nU[/INST]A</s>[INST]V[/INST]");
    expected.put(
        "mistral-v7", "[SYSTEM_PROMPT] S[/SYSTEM_PROMPT][INST] U[/INST] A</s>[INST] V[/INST]");
    expected.put(
        "mistral-v7-tekken", "[SYSTEM_PROMPT]S[/SYSTEM_PROMPT][INST]U[/INST]A</s>[INST]V[/INST]");
    expected.put(
        "llama4",
        "<|header_start|>system<|header_end|>\n\n"
            + "S<|eot|><|header_start|>user<|header_end|>\n\n"
            + "U<|eot|><|header_start|>assistant<|header_end|>\n\n"
            + "A<|eot|><|header_start|>user<|header_end|>\n\n"
            + "V<|eot|><|header_start|>assistant<|header_end|>\n\n");
    expected.put(
        "command-r",
        "<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>S<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>U<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>A<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>V<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>");
    expected.put("vicuna", "S\n\nUSER: U\nASSISTANT: A</s>\nUSER: V\nASSISTANT:");
    expected.put("vicuna-orca", "SYSTEM: S\nUSER: U\nASSISTANT: A</s>\nUSER: V\nASSISTANT:");
    expected.put(
        "deepseek",
        "S### Instruction:\nU\n### Response:\nA\n<|EOT|>\n### Instruction:\nV\n### Response:\n");
    expected.put(
        "deepseek2", "S\n\nUser: U\n\nAssistant: A<｜end▁of▁sentence｜>User: V\n\nAssistant:");
    expected.put(
        "deepseek3", "S\n\n<｜User｜>U<｜Assistant｜>A<｜end▁of▁sentence｜><｜User｜>V<｜Assistant｜>");
    expected.put(
        "granite",
        "<|start_of_role|>system<|end_of_role|>S<|end_of_text|>\n"
            + "<|start_of_role|>user<|end_of_role|>U<|end_of_text|>\n"
            + "<|start_of_role|>assistant<|end_of_role|>A<|end_of_text|>\n"
            + "<|start_of_role|>user<|end_of_role|>V<|end_of_text|>\n"
            + "<|start_of_role|>assistant<|end_of_role|>");
    expected.put(
        "openchat",
        "S<|end_of_turn|>GPT4 Correct User: U<|end_of_turn|>GPT4 Correct Assistant:"
            + " A<|end_of_turn|>GPT4 Correct User: V<|end_of_turn|>GPT4 Correct Assistant:");
    expected.forEach((name, text) -> assertEquals(text, builtin(name, LONG_TALK), name));
    expected.keySet().forEach(name -> assertFalse(ChatTemplate.builtin(name).stops().isEmpty()));
    assertEquals(
        ChatTemplate.builtinNames().size(),
        expected.size() + 4,
        "every form is tested here or above");
  }

  @Test
  void unknownNamesAreToldWithAllKnown() {
    TemplateException e = assertThrows(TemplateException.class, () -> ChatTemplate.builtin("nope"));
    assertTrue(e.getMessage().contains("'nope'") && e.getMessage().contains("chatml, "));
  }

  @Test
  void promptsTellAboutBosAndThinking() {
    RenderOptions options = RenderOptions.DEFAULT.withTokens("<s>", "</s>");
    Prompt prompt =
        ChatTemplate.ofJinja("{{ bos_token }}{{ messages[0].content }}<think>\n\n")
            .prompt(List.of(Message.user("x")), options);
    assertTrue(prompt.beginsWithBos());
    assertEquals(ThinkTags.THINK, prompt.thinking());
    Prompt plain = ChatTemplate.builtin("chatml").prompt(TALK, options);
    assertFalse(plain.beginsWithBos());
    assertNull(plain.thinking());
    assertEquals(
        ThinkTags.THINK, ChatTemplate.builtin("chatml-think").prompt(TALK, options).thinking());
    Prompt llama =
        ChatTemplate.builtin("llama3")
            .prompt(TALK, options.withTokens("<|begin_of_text|>", "<|eot_id|>"));
    assertTrue(llama.beginsWithBos());
    assertFalse(llama.text().startsWith("<|begin_of_text|><|begin_of_text|>"));
  }

  @Test
  void templatesSeeOptionsAndVariables() {
    String source =
        "{{ add_generation_prompt }}{{ enable_thinking }}{{ strftime_now('%Y-%m-%d') }}"
            + "{{ tools is none }}{{ eos_token }}{{ bos_token is defined }}";
    assertEquals(
        "FalseTrue2026-01-02True</s>False",
        ChatTemplate.ofJinja(source)
            .render(
                List.of(),
                RenderOptions.DEFAULT
                    .withGenerationPrompt(false)
                    .withTokens(null, "</s>")
                    .withNow(LocalDateTime.of(2026, 1, 2, 3, 4))
                    .with("enable_thinking", true)));
  }

  @Test
  void toolsAndCallsLookAsTransformersGivesThem() {
    ToolCall call = new ToolCall("c1", "f", "{\"a\": [1, 2.0, \"é\"]}");
    List<Message> messages =
        List.of(
            Message.user("go"),
            Message.assistant(null, "hm", List.of(call)),
            Message.toolResult(call, "done"));
    List<ToolDefinition> tools =
        ToolDefinition.fromJson(
            "[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":\"does\",\"parameters\":{\"type\":\"object\"}}}]");
    assertEquals(
        "[{\"type\": \"function\", \"function\": {\"name\": \"f\", \"description\": \"does\","
            + " \"parameters\": {\"type\": \"object\"}}}][{\"role\": \"user\", \"content\":"
            + " \"go\"}, {\"role\": \"assistant\", \"content\": null, \"reasoning_content\":"
            + " \"hm\", \"tool_calls\": [{\"id\": \"c1\", \"type\": \"function\", \"function\":"
            + " {\"name\": \"f\", \"arguments\": {\"a\": [1, 2.0, \"é\"]}}}]}, {\"role\": \"tool\","
            + " \"content\": \"done\", \"tool_call_id\": \"c1\", \"name\": \"f\"}]",
        ChatTemplate.ofJinja("{{ tools | tojson }}{{ messages | tojson }}")
            .render(messages, RenderOptions.DEFAULT.withTools(tools)));
  }

  @Test
  void argumentsBecomeTextWhereTheTemplateWantsText() {
    List<Message> messages =
        List.of(Message.assistant("", null, List.of(new ToolCall("1", "f", "{\"a\": 1}"))));
    assertEquals(
        "args: {\"a\": 1}",
        ChatTemplate.ofJinja("{{ 'args: ' + messages[0].tool_calls[0].function.arguments }}")
            .render(messages, RenderOptions.DEFAULT));
  }

  @Test
  void toolsAreUndefinedWhereNoneFails() {
    assertEquals(
        "none",
        ChatTemplate.ofJinja("{% for t in tools %}{{ t }}{% else %}none{% endfor %}")
            .render(TALK, RenderOptions.DEFAULT));
  }

  @Test
  void refusalsAreTheirOwnKindOfFailure() {
    ChatTemplate template = ChatTemplate.ofJinja("\n{{ raise_exception('no system, please') }}");
    TemplateException e =
        assertThrows(TemplateException.class, () -> template.render(TALK, RenderOptions.DEFAULT));
    assertEquals("no system, please", e.raised());
    assertEquals(2, e.line());
    TemplateException broken =
        assertThrows(TemplateException.class, () -> ChatTemplate.ofJinja("a\n\n{% if %}"));
    assertNull(broken.raised());
    assertEquals(3, broken.line());
    assertTrue(broken.getMessage().startsWith("chat template, line 3: "), broken.getMessage());
  }

  @Test
  void detectsTheModelsOwnTemplate() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("tokenizer.chat_template", "own {{ messages[0].role }}");
    values.put("tokenizer.chat_template.tool_use", "tools {{ messages[0].role }}");
    assertEquals("own system", detect(values, false).render(TALK, RenderOptions.DEFAULT));
    assertEquals("tools system", detect(values, true).render(TALK, RenderOptions.DEFAULT));
    assertTrue(ChatTemplate.hasOwn(metadata(values)));
    values.put("tokenizer.chat_template", "{% oops %}");
    assertThrows(TemplateException.class, () -> detect(values, false));
    values.put("tokenizer.chat_template", "phi3");
    assertEquals("the built-in form phi3", detect(values, false).origin());
  }

  @Test
  void detectsABuiltinForm() {
    Map<String, Object> values = new LinkedHashMap<>();
    assertEquals("the built-in form chatml", detect(values, false).origin());
    values.put("general.architecture", "gemma3");
    assertEquals("the built-in form gemma", detect(values, false).origin());
    values.put("general.architecture", "llama");
    values.put("tokenizer.ggml.tokens", List.of("a", "<|start_header_id|>", "b"));
    assertEquals("the built-in form llama3", detect(values, false).origin());
    values.put("tokenizer.ggml.tokens", List.of("<|im_start|>", "b"));
    assertEquals("the built-in form chatml", detect(values, false).origin());
    values.put("general.name", "QwQ 32B");
    assertEquals("the built-in form chatml-think", detect(values, false).origin());
  }

  private static ChatTemplate detect(Map<String, Object> values, boolean tools) {
    return ChatTemplate.detect(metadata(values), tools);
  }

  /** Metadata of strings and lists of strings. */
  private static Metadata metadata(Map<String, Object> values) {
    return (Metadata)
        Proxy.newProxyInstance(
            Metadata.class.getClassLoader(),
            new Class<?>[] {Metadata.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "string" -> values.getOrDefault((String) args[0], args[1]);
                  case "strings" -> values.getOrDefault((String) args[0], List.of());
                  case "has" -> values.containsKey((String) args[0]);
                  default -> throw new AssertionError(method);
                });
  }
}
