package dev.lamina.vulkan;

import dev.lamina.backend.Op;
import dev.lamina.backend.TensorSpec;
import dev.lamina.backend.Value;
import dev.lamina.vulkan.Pipelines.Kernel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Records matrix products: first the vectors are brought into the form that a kernel wants, and a
 * router's pairs sorted by expert, each once for all products that follow.
 */
final class ProductRecorder {
  /** Scratch memory that barriers must know of. */
  private enum Scratch {
    GROUPS,
    VECTORS
  }

  private final Abilities abilities;
  private final Map<TensorSpec, VulkanWeight> weights;
  private final Places places;
  private final Dispatches dispatches;

  /** The router whose pairs the scratch memory has sorted now. */
  private Value grouped;

  /** What the scratch memory for vectors has now. */
  private Vectors vectors;

  ProductRecorder(
      Abilities abilities,
      Map<TensorSpec, VulkanWeight> weights,
      Places places,
      Dispatches dispatches) {
    this.abilities = abilities;
    this.weights = weights;
    this.places = places;
    this.dispatches = dispatches;
  }

  void matMul(Op.MatMul o) {
    VulkanWeight weight = weights.get(o.weight());
    long bias = o.bias() == null ? weight.address() : weights.get(o.bias()).address();
    int tokens = places.rows(o.in());
    MatrixShape shape = MatrixShape.of(abilities, o.weight().type(), tokens);
    Input in = input(shape, o.in(), o.weight());
    dispatches.order(List.of(in.slot), List.of(places.slot(o.out())));
    Arguments arguments =
        arguments(o.weight(), in, o.in(), o.out(), bias, bias)
            .flag(o.bias() != null)
            .number(0, 0, 0);
    product(shape, shape.kernel(o.weight().type(), false), o.weight(), arguments, tokens, 1);
  }

  void expertMatMul(Op.ExpertMatMul o) {
    VulkanWeight weight = weights.get(o.weight());
    int tokens = places.rows(o.in());
    int experts = o.weight().experts();
    boolean tiled = tokens > MatrixShape.MOST_VECTORS && tokens * o.used() > 2 * experts;
    MatrixShape shape = MatrixShape.of(abilities, o.weight().type(), tiled ? tokens : 1);
    Input in = input(shape, o.in(), o.weight());
    List<Object> reads = new ArrayList<>(List.of(places.slot(o.routing()), in.slot));
    if (tiled) {
      group(o, experts);
      reads.add(Scratch.GROUPS);
    }
    dispatches.order(reads, List.of(places.slot(o.out())));
    long routing = tiled ? places.memory().groups().address() : places.address(o.routing());
    Arguments arguments =
        arguments(o.weight(), in, o.in(), o.out(), weight.address(), routing)
            .number(0, o.used())
            .flag(o.in().width() != o.weight().cols())
            .number(experts);
    Kernel kernel = shape.kernel(o.weight().type(), true);
    int columns = tiled ? tokens : tokens * o.used();
    product(shape, kernel, o.weight(), arguments, columns, tiled ? experts : 1);
  }

  /** What all kernels of products are given first. */
  private Arguments arguments(
      TensorSpec spec, Input in, Value from, Value out, long bias, long routing) {
    VulkanWeight weight = weights.get(spec);
    return new Arguments()
        .address(
            weight.address(),
            weight.scaleAddress(),
            in.address,
            places.address(out),
            bias,
            routing,
            places.count(from),
            in.scales)
        .number(spec.cols(), spec.rows(), weight.layout().blocksOfRow());
  }

  /** Dispatches a product over {@code columns} vectors of each of {@code matrices}. */
  private void product(
      MatrixShape shape,
      Kernel kernel,
      TensorSpec weight,
      Arguments arguments,
      int columns,
      int matrices) {
    int x = (weight.rows() + shape.rowsOfGroup() - 1) / shape.rowsOfGroup();
    int y = (columns + shape.tokens() - 1) / shape.tokens();
    if (shape.way().tiled()) {
      dispatches.dispatch(kernel, arguments, x, y, matrices);
    } else {
      int folds = (x + Dispatches.MOST_GROUPS - 1) / Dispatches.MOST_GROUPS;
      dispatches.dispatch(kernel, arguments, (x + folds - 1) / folds, folds, y);
    }
  }

  /**
   * A product's vectors.
   *
   * @param slot what barriers know them by
   * @param scales where their scales are, if they have any
   */
  private record Input(Object slot, long address, long scales) {}

  private Input input(MatrixShape shape, Value in, TensorSpec weight) {
    Vectors wanted = Vectors.of(shape.way(), in, weight);
    if (wanted == null) {
      return new Input(places.slot(in), places.address(in), places.address(in));
    }
    long to = places.memory().vectors().address();
    long scales = to + wanted.scalesAt(places.rows(in));
    if (!wanted.equals(vectors)) {
      dispatches.order(List.of(places.slot(in)), List.of(Scratch.VECTORS));
      Arguments arguments =
          new Arguments().address(places.address(in), to, scales, places.count(in));
      if (wanted.bytes()) {
        arguments.number(in.width());
        long quads = (long) places.rows(in) * in.width() / 4;
        dispatches.stride(Kernel.of("quantize", Dispatches.WORKGROUP), arguments, quads);
      } else {
        arguments.number(wanted.count(), weight.cols(), wanted.width());
        long all = (long) places.rows(in) * wanted.count();
        dispatches.each(Kernel.of("narrow", Dispatches.WORKGROUP), arguments, all);
      }
      vectors = wanted;
    }
    return new Input(Scratch.VECTORS, to, scales);
  }

  /** Sorts the pairs of a router by expert. */
  private void group(Op.ExpertMatMul o, int experts) {
    if (o.routing().equals(grouped)) {
      return;
    }
    dispatches.order(List.of(places.slot(o.routing())), List.of(Scratch.GROUPS));
    dispatches.dispatch(
        Kernel.of("expert_groups", 64, experts),
        new Arguments()
            .address(
                places.address(o.routing()),
                places.memory().groups().address(),
                places.count(o.routing()))
            .number(o.used()),
        1,
        1,
        1);
    grouped = o.routing();
  }
}
