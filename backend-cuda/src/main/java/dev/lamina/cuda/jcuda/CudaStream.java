package dev.lamina.cuda.jcuda;

import static jcuda.driver.JCudaDriver.cuEventRecord;
import static jcuda.driver.JCudaDriver.cuGraphDestroy;
import static jcuda.driver.JCudaDriver.cuGraphExecDestroy;
import static jcuda.driver.JCudaDriver.cuGraphInstantiate;
import static jcuda.driver.JCudaDriver.cuGraphLaunch;
import static jcuda.driver.JCudaDriver.cuLaunchKernel;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoHAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyPeerAsync;
import static jcuda.driver.JCudaDriver.cuMemsetD8Async;
import static jcuda.driver.JCudaDriver.cuStreamBeginCapture;
import static jcuda.driver.JCudaDriver.cuStreamDestroy;
import static jcuda.driver.JCudaDriver.cuStreamEndCapture;
import static jcuda.driver.JCudaDriver.cuStreamSynchronize;
import static jcuda.driver.JCudaDriver.cuStreamWaitEvent;

import dev.lamina.cuda.driver.GpuContext;
import dev.lamina.cuda.driver.GpuEvent;
import dev.lamina.cuda.driver.GpuGraph;
import dev.lamina.cuda.driver.GpuKernel;
import dev.lamina.cuda.driver.GpuStream;
import dev.lamina.cuda.driver.Grid;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.NativePointerObject;
import jcuda.Pointer;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;

/** A queue of an NVIDIA card. */
final class CudaStream implements GpuStream {
  private static final int CAPTURE_THREAD_LOCAL = 1;

  private final CudaContext context;
  private final CUstream stream;
  private boolean destroyed;

  CudaStream(CudaContext context, CUstream stream) {
    this.context = context;
    this.stream = stream;
  }

  @Override
  public void copyIn(long to, MemorySegment source) {
    context.enter();
    check(
        cuMemcpyHtoDAsync(
            new Addresses.Device(to), new Addresses.Host(source), source.byteSize(), stream),
        "cuMemcpyHtoDAsync");
  }

  @Override
  public void copyOut(MemorySegment target, long from) {
    context.enter();
    check(
        cuMemcpyDtoHAsync(
            new Addresses.Host(target), new Addresses.Device(from), target.byteSize(), stream),
        "cuMemcpyDtoHAsync");
  }

  @Override
  public void copy(long to, long from, long bytes) {
    context.enter();
    check(
        cuMemcpyDtoDAsync(new Addresses.Device(to), new Addresses.Device(from), bytes, stream),
        "cuMemcpyDtoDAsync");
  }

  @Override
  public void copyToPeer(GpuContext peer, long to, long from, long bytes) {
    context.enter();
    check(
        cuMemcpyPeerAsync(
            new Addresses.Device(to),
            ((CudaContext) peer).handle(),
            new Addresses.Device(from),
            context.handle(),
            bytes,
            stream),
        "cuMemcpyPeerAsync");
  }

  @Override
  public void fill(long to, byte value, long bytes) {
    context.enter();
    check(cuMemsetD8Async(new Addresses.Device(to), value, bytes, stream), "cuMemsetD8Async");
  }

  @Override
  public void launch(GpuKernel kernel, Grid grid, int sharedBytes, long[] arguments) {
    context.enter();
    ByteBuffer values =
        ByteBuffer.allocateDirect(Long.BYTES * arguments.length).order(ByteOrder.nativeOrder());
    NativePointerObject[] places = new NativePointerObject[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      values.putLong(Long.BYTES * i, arguments[i]);
      places[i] = Pointer.to(values).withByteOffset((long) Long.BYTES * i);
    }
    check(
        cuLaunchKernel(
            ((CudaContext.Kernel) kernel).function(),
            grid.x(),
            grid.y(),
            grid.z(),
            grid.threadsX(),
            grid.threadsY(),
            1,
            sharedBytes,
            stream,
            Pointer.to(places),
            null),
        "cuLaunchKernel");
  }

  @Override
  public void launch(GpuGraph graph) {
    context.enter();
    check(cuGraphLaunch(((Graph) graph).exec, stream), "cuGraphLaunch");
  }

  @Override
  public void beginCapture() {
    context.enter();
    check(cuStreamBeginCapture(stream, CAPTURE_THREAD_LOCAL), "cuStreamBeginCapture");
  }

  @Override
  public GpuGraph endCapture() {
    context.enter();
    CUgraph graph = new CUgraph();
    check(cuStreamEndCapture(stream, graph), "cuStreamEndCapture");
    CUgraphExec exec = new CUgraphExec();
    int status = cuGraphInstantiate(exec, graph, 0);
    cuGraphDestroy(graph);
    check(status, "cuGraphInstantiate");
    return new Graph(exec);
  }

  @Override
  public void record(GpuEvent event) {
    context.enter();
    check(cuEventRecord(((CudaContext.Event) event).handle(), stream), "cuEventRecord");
  }

  @Override
  public void await(GpuEvent event) {
    context.enter();
    check(cuStreamWaitEvent(stream, ((CudaContext.Event) event).handle(), 0), "cuStreamWaitEvent");
  }

  @Override
  public void synchronise() {
    context.enter();
    check(cuStreamSynchronize(stream), "cuStreamSynchronize");
  }

  @Override
  public void close() {
    if (!destroyed && context.enterToFree()) {
      destroyed = true;
      cuStreamDestroy(stream);
    }
  }

  private void check(int status, String call) {
    if (status != CUresult.CUDA_SUCCESS) {
      context.check(status, call);
    }
  }

  /** Recorded work. */
  private final class Graph implements GpuGraph {
    private final CUgraphExec exec;
    private boolean gone;

    Graph(CUgraphExec exec) {
      this.exec = exec;
    }

    @Override
    public void close() {
      if (!gone && context.enterToFree()) {
        gone = true;
        cuGraphExecDestroy(exec);
      }
    }
  }
}
