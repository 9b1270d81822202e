/**
 * GGUF files: metadata, tensor table and memory-mapped tensor data of a file or a set of split
 * files; writing such files; the ggml types, their constant tables, their exact decoding to
 * float32, and random weights of each. Knows nothing of models or devices.
 */
package dev.lamina.gguf;
