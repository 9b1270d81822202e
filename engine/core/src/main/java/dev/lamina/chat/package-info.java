/**
 * Conversations as text and back: messages, tools, the chat template that makes a prompt of them,
 * and the streaming parsers that find reasoning and tool calls in what the model answers. Knows
 * metadata and strings, not tokens.
 */
package dev.lamina.chat;
