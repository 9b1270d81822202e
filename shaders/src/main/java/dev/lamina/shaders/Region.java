package dev.lamina.shaders;

import dev.lamina.backend.KvSpec;
import dev.lamina.backend.RopeSpec;
import dev.lamina.backend.TensorSpec;
import dev.lamina.gguf.GgmlType;

/** A piece of device memory that kernels are given. */
public sealed interface Region {
  /** A slot of the {@link dev.lamina.backend.ActivationPlan}. */
  record Slot(int number) implements Region {}

  /** A part of a weight, in the file's layout: see {@link Parts}. */
  record Weight(TensorSpec spec, int part) implements Region {}

  /** A vector, decoded to float32. */
  record Vector(TensorSpec spec) implements Region {}

  /** The constant table of a type: {@link DeviceTables#of}. */
  record Table(GgmlType type) implements Region {}

  /** The constant table of a type for integer kernels: {@link DeviceTables#integers}. */
  record Grid(GgmlType type) implements Region {}

  /** Activations rounded for integer kernels: {@link CardLaunches#roundedBytes()}. */
  record Rounded() implements Region {}

  /** The turns of a rotary embedding: {@link DeviceTables#turns}. */
  record Turns(RopeSpec rope) implements Region {}

  /** The pages of a layer's keys: {@code [page][head][position][value]}. */
  record Keys(KvSpec kv) implements Region {}

  /** The pages of a layer's values, likewise. */
  record Values(KvSpec kv) implements Region {}

  /** What a step consists of: {@link StepData}. */
  record Step() implements Region {}

  /** Results of parts of attention: {@link LaunchPlan#partialBytes()}. */
  record Partial() implements Region {}

  /** Which expert has which slots: {@link LaunchPlan#expertPlanBytes()}. */
  record ExpertPlan() implements Region {}
}
