package dev.lamina.session;

import dev.lamina.backend.Device;
import dev.lamina.backend.Limits;
import dev.lamina.model.ModelGraph;
import dev.lamina.placement.Placement;

/** Plans the placement of a model, again without a device whenever one has failed. */
interface Placer extends AutoCloseable {
  Placement plan(ModelGraph model, Limits limits);

  /** The device for the embedding and for all that no other device takes. */
  Device cpu();

  /** Leaves a device out from now on. Throws {@link dev.lamina.LaminaException} where nothing is left to go on with. */
  void exclude(StageFailure failure);

  /** Tokens that one sequence can hold. */
  int context();

  @Override
  void close();
}
