/**
 * Text to token ids and back: the vocabulary of a GGUF file, byte-pair encoding with its
 * pre-tokenizers, SentencePiece encoding, special tokens, and decoding of a stream of tokens. Knows
 * nothing of models or devices. Token for token equal to llama.cpp.
 */
package dev.lamina.tokenizer;
