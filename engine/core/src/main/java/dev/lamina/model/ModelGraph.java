package dev.lamina.model;

import dev.lamina.backend.Graph;
import java.util.List;

/** What a model computes, cut into the pieces that placement can put on different devices. */
public interface ModelGraph {
  /**
   * The number of layers. The output (last norm and output matrix) counts as one more, as in
   * llama.cpp.
   */
  int layers();

  /** Values in a row of the hidden state. */
  int width();

  /** Tokens in the vocabulary: the width of the logits. */
  int vocabulary();

  /** The groups of layers that forget alike, by {@link dev.lamina.backend.KvSpec#group()}. */
  List<AttentionGroup> groups();

  /** From token ids to the hidden state: {@link dev.lamina.backend.Output#HIDDEN}. */
  Graph embedding();

  /**
   * The layers from {@code first} up to and without {@code end}, and after them the output where
   * {@code output} holds ({@code first == end} is then allowed: the output alone). Without the
   * output the graph gives {@link dev.lamina.backend.Output#HIDDEN}, with it {@link
   * dev.lamina.backend.Output#LOGITS} and {@link dev.lamina.backend.Output#GREEDY}.
   */
  Graph stage(int first, int end, boolean output);

  /**
   * Layers that share page tables.
   *
   * @param window positions that a token sees, itself included; 0: all before it
   */
  record AttentionGroup(int window) {}
}
