package dev.lamina.opencl;

import static org.jocl.CL.clReleaseKernel;
import static org.jocl.CL.clSetKernelArg;

import dev.lamina.shaders.Arg;
import dev.lamina.shaders.Count;
import dev.lamina.shaders.Launch;
import dev.lamina.shaders.Region;
import dev.lamina.shaders.StepData;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;

/** A launch with a kernel object of its own: only what a step changes is set again. */
final class BoundLaunch {
  private final Connection connection;
  private final Launch launch;
  private final cl_kernel kernel;
  private final List<Dynamic> dynamic = new ArrayList<>();
  private final long[] items = new long[3];
  private final long[] group;

  /** An argument that the step decides. */
  private static final class Dynamic {
    private final int index;
    private final Count count;
    private final int[] value = {-1};
    private final Pointer pointer = Pointer.to(value);

    Dynamic(int index, Count count) {
      this.index = index;
      this.count = count;
    }
  }

  BoundLaunch(
      Connection connection, Launch launch, cl_kernel kernel, Function<Region, cl_mem> memory) {
    this.connection = connection;
    this.launch = launch;
    this.kernel = kernel;
    group = new long[] {launch.kernel().itemsX(), launch.kernel().itemsY(), 1};
    for (int i = 0; i < launch.args().size(); i++) {
      switch (launch.args().get(i)) {
        case Arg.Memory m -> set(i, Sizeof.cl_mem, Pointer.to(memory.apply(m.region())));
        case Arg.Int n -> set(i, Sizeof.cl_int, Pointer.to(new int[] {n.value()}));
        case Arg.Real x -> set(i, Sizeof.cl_float, Pointer.to(new float[] {x.value()}));
        case Arg.Counted c -> dynamic.add(new Dynamic(i, c.count()));
      }
    }
  }

  private void set(int index, long bytes, Pointer value) {
    int status = clSetKernelArg(kernel, index, bytes, value);
    connection.check(status, "argument " + index + " of " + launch.kernel().entry());
  }

  /** Enqueues it where the step needs it. */
  void run(StepData step) {
    if (!launch.runs(step)) {
      return;
    }
    for (Dynamic arg : dynamic) {
      int now = step.count(arg.count);
      if (now != arg.value[0]) {
        arg.value[0] = now;
        set(arg.index, Sizeof.cl_int, arg.pointer);
      }
    }
    items[0] = group[0] * launch.x().of(step);
    items[1] = group[1] * launch.y().of(step);
    items[2] = launch.z().of(step);
    connection.launch(kernel, items, group, launch.kernel().entry());
  }

  void close() {
    if (connection.isUsable()) {
      clReleaseKernel(kernel);
    }
  }
}
