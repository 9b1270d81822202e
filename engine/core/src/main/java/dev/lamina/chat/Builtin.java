package dev.lamina.chat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The forms for files without a template of their own, under llama.cpp's names for them. Written as
 * templates, so that there is one way to render. Those of Llama 3 and Gemma begin with BOS, as
 * their model cards print them; the others leave it to the vocabulary.
 *
 * @param source the template
 * @param stops texts that end the assistant's turn, for vocabularies that do not know them as such
 */
record Builtin(String source, List<String> stops) {
  static final Map<String, Builtin> ALL = new LinkedHashMap<>();

  /** Every message as HEAD role MIDDLE content TAIL, then the head of the assistant's. */
  private static Builtin turns(String head, String middle, String tail, String stop) {
    return new Builtin(
        "{% for m in messages %}"
            + (head + "{{ m.role }}" + middle + "{{ m.content }}" + tail)
            + "{% endfor %}{% if add_generation_prompt %}"
            + (head + "assistant" + middle)
            + "{% endif %}",
        List.of(stop));
  }

  /**
   * A text for each role, with {@code $} for the content; then the beginning of the assistant's.
   */
  private static Builtin roles(
      String system, String user, String assistant, String begin, String stop) {
    String content = "{{ m.content | trim }}";
    return new Builtin(
        "{% for m in messages %}{% if m.role == 'system' %}"
            + system.replace("$", content)
            + "{% elif m.role == 'assistant' %}"
            + assistant.replace("$", content)
            + "{% else %}"
            + user.replace("$", content)
            + "{% endif %}{% endfor %}{% if add_generation_prompt %}"
            + begin
            + "{% endif %}",
        List.of(stop));
  }

  /**
   * The {@code [INST]} forms of Mistral: the system message stands before the first user message.
   */
  private static Builtin mistral(String before, String open, String close, String answer) {
    return new Builtin(
        "{% set ns = namespace(inside=false) %}{% for m in messages %}"
            + "{% if not ns.inside %}{{ '"
            + before
            + "[INST]"
            + open
            + "' }}{% set ns.inside = true %}{% endif %}"
            + "{% if m.role == 'system' %}{{ m.content ~ '\\n\\n' }}"
            + "{% elif m.role == 'user' %}{{ m.content ~ '"
            + close
            + "[/INST]' }}"
            + "{% else %}{{ '"
            + answer
            + "' ~ m.content ~ '</s>' }}{% set ns.inside = false %}{% endif %}{% endfor %}",
        List.of("</s>"));
  }

  private static Builtin mistralV7(String space) {
    return new Builtin(
        "{% for m in messages %}"
            + "{% if m.role == 'system' %}{{ '[SYSTEM_PROMPT]"
            + (space + "' ~ m.content ~ '[/SYSTEM_PROMPT]' }}")
            + "{% elif m.role == 'user' %}{{ '[INST]"
            + (space + "' ~ m.content ~ '[/INST]' }}")
            + "{% else %}{{ '"
            + (space + "' ~ m.content ~ '</s>' }}")
            + "{% endif %}{% endfor %}",
        List.of("</s>"));
  }

  static {
    ALL.put("chatml", turns("<|im_start|>", "{{ '\\n' }}", "<|im_end|>{{ '\\n' }}", "<|im_end|>"));
    Builtin chatml = ALL.get("chatml");
    ALL.put(
        "chatml-think",
        new Builtin(
            chatml.source + "{% if add_generation_prompt %}<think>{% endif %}", chatml.stops));
    ALL.put(
        "llama3",
        new Builtin(
            """
            {{- bos_token or '<|begin_of_text|>' -}}
            {% for m in messages -%}
            {{- '<|start_header_id|>' ~ m.role ~ '<|end_header_id|>\\n\\n' -}}
            {{- (m.content | trim) ~ '<|eot_id|>' -}}
            {% endfor -%}
            {% if add_generation_prompt -%}
            {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
            {% endif -%}
            """,
            List.of("<|eot_id|>", "<|eom_id|>")));
    ALL.put(
        "gemma",
        new Builtin(
            """
            {{- bos_token or '<bos>' -}}
            {% set ns = namespace(system='') -%}
            {% for m in messages -%}
            {% if m.role == 'system' -%}
            {% set ns.system = ns.system ~ (m.content | trim) ~ '\\n' -%}
            {% else -%}
            {{- '<start_of_turn>' ~ ('model' if m.role == 'assistant' else m.role) ~ '\\n' -}}
            {% if m.role != 'assistant' -%}
            {{- ns.system -}}
            {% set ns.system = '' -%}
            {% endif -%}
            {{- (m.content | trim) ~ '<end_of_turn>\\n' -}}
            {% endif -%}
            {% endfor -%}
            {% if add_generation_prompt -%}
            {{- '<start_of_turn>model\\n' -}}
            {% endif -%}
            """,
            List.of("<end_of_turn>")));
    ALL.put(
        "llama2",
        new Builtin(
            """
            {% set ns = namespace(inside=true) -%}
            {{- '[INST] ' -}}
            {% for m in messages -%}
            {% if not ns.inside -%}
            {% set ns.inside = true -%}
            {{- (bos_token or '<s>') ~ '[INST] ' -}}
            {% endif -%}
            {% if m.role == 'system' -%}
            {{- '<<SYS>>\\n' ~ m.content ~ '\\n<</SYS>>\\n\\n' -}}
            {% elif m.role == 'user' -%}
            {{- m.content ~ ' [/INST]' -}}
            {% else -%}
            {{- ' ' ~ m.content ~ ' </s>' -}}
            {% set ns.inside = false -%}
            {% endif -%}
            {% endfor -%}
            """,
            List.of("</s>")));
    ALL.put("mistral-v1", mistral(" ", " ", " ", " "));
    ALL.put("mistral-v3", mistral("", " ", "", " "));
    ALL.put("mistral-v3-tekken", mistral("", "", "", ""));
    ALL.put("mistral-v7", mistralV7(" "));
    ALL.put("mistral-v7-tekken", mistralV7(""));
    ALL.put("phi3", turns("<|", "|>{{ '\\n' }}", "<|end|>{{ '\\n' }}", "<|end|>"));
    ALL.put("phi4", turns("<|im_start|>", "<|im_sep|>", "<|im_end|>", "<|im_end|>"));
    ALL.put("falcon3", turns("<|", "|>{{ '\\n' }}", "{{ '\\n' }}", "<|endoftext|>"));
    ALL.put("zephyr", turns("<|", "|>{{ '\\n' }}", "<|endoftext|>{{ '\\n' }}", "<|endoftext|>"));
    ALL.put(
        "llama4",
        roles(
            "<|header_start|>system<|header_end|>{{ '\\n\\n' }}$<|eot|>",
            "<|header_start|>{{ m.role }}<|header_end|>{{ '\\n\\n' }}$<|eot|>",
            "<|header_start|>assistant<|header_end|>{{ '\\n\\n' }}$<|eot|>",
            "<|header_start|>assistant<|header_end|>{{ '\\n\\n' }}",
            "<|eot|>"));
    ALL.put(
        "command-r",
        roles(
            "<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>$<|END_OF_TURN_TOKEN|>",
            "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>$<|END_OF_TURN_TOKEN|>",
            "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>$<|END_OF_TURN_TOKEN|>",
            "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
            "<|END_OF_TURN_TOKEN|>"));
    ALL.put(
        "vicuna",
        roles(
            "${{ '\\n\\n' }}",
            "USER: ${{ '\\n' }}",
            "ASSISTANT: $</s>{{ '\\n' }}",
            "ASSISTANT:",
            "</s>"));
    ALL.put(
        "vicuna-orca",
        roles(
            "SYSTEM: ${{ '\\n' }}",
            "USER: ${{ '\\n' }}",
            "ASSISTANT: $</s>{{ '\\n' }}",
            "ASSISTANT:",
            "</s>"));
    ALL.put(
        "deepseek",
        roles(
            "$",
            "### Instruction:{{ '\\n' }}${{ '\\n' }}",
            "### Response:{{ '\\n' }}${{ '\\n' }}<|EOT|>{{ '\\n' }}",
            "### Response:{{ '\\n' }}",
            "<|EOT|>"));
    ALL.put(
        "deepseek2",
        roles(
            "${{ '\\n\\n' }}",
            "User: ${{ '\\n\\n' }}",
            "Assistant: $<｜end▁of▁sentence｜>",
            "Assistant:",
            "<｜end▁of▁sentence｜>"));
    ALL.put(
        "deepseek3",
        roles(
            "${{ '\\n\\n' }}",
            "<｜User｜>$",
            "<｜Assistant｜>$<｜end▁of▁sentence｜>",
            "<｜Assistant｜>",
            "<｜end▁of▁sentence｜>"));
    ALL.put(
        "granite",
        turns(
            "<|start_of_role|>",
            "<|end_of_role|>",
            "<|end_of_text|>{{ '\\n' }}",
            "<|end_of_text|>"));
    ALL.put(
        "openchat",
        new Builtin(
            "{% for m in messages %}{% if m.role != 'system' %}"
                + "{{ 'GPT4 Correct ' ~ (m.role | capitalize) ~ ': ' }}{% endif %}"
                + "{{ m.content ~ '<|end_of_turn|>' }}{% endfor %}"
                + "{% if add_generation_prompt %}GPT4 Correct Assistant:{% endif %}",
            List.of("<|end_of_turn|>")));
  }
}
