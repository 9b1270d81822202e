/**
 * GGUF files: metadata, tensor table and memory-mapped tensor data of a file or a set of split
 * files, the ggml types, and their exact decoding to float32. Knows nothing of models or devices.
 */
package dev.lamina.gguf;
