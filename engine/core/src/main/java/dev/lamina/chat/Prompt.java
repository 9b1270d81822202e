package dev.lamina.chat;

/**
 * A rendered conversation.
 *
 * @param text what the model continues; special tokens in it are to be parsed
 * @param beginsWithBos whether the text prints the BOS token itself: then tokenize it without
 *     adding one, whatever the vocabulary says; else by the vocabulary's own rule
 * @param thinking the tags of the reasoning that the text ends in the middle of, so that the answer
 *     begins with reasoning; null where the text does not
 */
public record Prompt(String text, boolean beginsWithBos, ThinkTags thinking) {}
