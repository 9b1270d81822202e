package dev.lamina.cuda.jcuda;

import static jcuda.driver.JCudaDriver.cuCtxCreate;
import static jcuda.driver.JCudaDriver.cuCtxDestroy;
import static jcuda.driver.JCudaDriver.cuCtxEnablePeerAccess;
import static jcuda.driver.JCudaDriver.cuCtxSetCurrent;
import static jcuda.driver.JCudaDriver.cuCtxSynchronize;
import static jcuda.driver.JCudaDriver.cuDeviceCanAccessPeer;
import static jcuda.driver.JCudaDriver.cuEventCreate;
import static jcuda.driver.JCudaDriver.cuEventDestroy;
import static jcuda.driver.JCudaDriver.cuEventSynchronize;
import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemFree;
import static jcuda.driver.JCudaDriver.cuMemFreeHost;
import static jcuda.driver.JCudaDriver.cuMemGetInfo;
import static jcuda.driver.JCudaDriver.cuMemHostAlloc;
import static jcuda.driver.JCudaDriver.cuModuleGetFunction;
import static jcuda.driver.JCudaDriver.cuModuleLoadData;
import static jcuda.driver.JCudaDriver.cuModuleUnload;
import static jcuda.driver.JCudaDriver.cuStreamCreate;

import dev.lamina.cuda.driver.DriverFailure;
import dev.lamina.cuda.driver.GpuContext;
import dev.lamina.cuda.driver.GpuEvent;
import dev.lamina.cuda.driver.GpuKernel;
import dev.lamina.cuda.driver.GpuModule;
import dev.lamina.cuda.driver.GpuStream;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;

/** A context on an NVIDIA card. Made current in whatever thread calls. */
final class CudaContext implements GpuContext {
  private static final int EVENT_DISABLE_TIMING = 2;
  private static final int STREAM_NON_BLOCKING = 1;
  private static final int PEER_ALREADY_ENABLED = 704;

  private final String card;
  private final CUdevice device;
  private final CUcontext context = new CUcontext();
  private boolean closed;

  CudaContext(CUdevice device, String card) {
    this.card = card;
    this.device = device;
    check(cuCtxCreate(context, 0, device), "cuCtxCreate");
  }

  void check(int status, String call) {
    if (status != CUresult.CUDA_SUCCESS) {
      throw DriverFailure.of(card, call, status, CUresult.stringFor(status));
    }
  }

  /** Makes this context the calling thread's. */
  void enter() {
    if (closed) {
      throw new IllegalStateException("the device is closed");
    }
    check(cuCtxSetCurrent(context), "cuCtxSetCurrent");
  }

  /** Frees something; what fails here has nothing left to lose. False where it went already. */
  boolean enterToFree() {
    return !closed && cuCtxSetCurrent(context) == CUresult.CUDA_SUCCESS;
  }

  CUcontext handle() {
    return context;
  }

  @Override
  public long freeBytes() {
    enter();
    long[] free = {0};
    long[] total = {0};
    check(cuMemGetInfo(free, total), "cuMemGetInfo");
    return free[0];
  }

  @Override
  public long allocate(long bytes) {
    enter();
    Addresses.Device pointer = new Addresses.Device();
    check(cuMemAlloc(pointer, bytes), "cuMemAlloc of " + bytes + " bytes");
    return pointer.address();
  }

  @Override
  public void free(long address) {
    if (enterToFree()) {
      cuMemFree(new Addresses.Device(address));
    }
  }

  @Override
  @SuppressWarnings("restricted")
  public MemorySegment allocatePinned(long bytes) {
    enter();
    Addresses.Host pointer = new Addresses.Host();
    check(cuMemHostAlloc(pointer, bytes, 0), "cuMemHostAlloc of " + bytes + " bytes");
    return MemorySegment.ofAddress(pointer.address()).reinterpret(bytes);
  }

  @Override
  public void freePinned(MemorySegment memory) {
    if (enterToFree()) {
      cuMemFreeHost(new Addresses.Host(memory));
    }
  }

  @Override
  public GpuStream newStream() {
    enter();
    CUstream stream = new CUstream();
    check(cuStreamCreate(stream, STREAM_NON_BLOCKING), "cuStreamCreate");
    return new CudaStream(this, stream);
  }

  @Override
  public GpuEvent newEvent() {
    enter();
    CUevent event = new CUevent();
    check(cuEventCreate(event, EVENT_DISABLE_TIMING), "cuEventCreate");
    return new Event(event);
  }

  @Override
  public GpuModule load(byte[] image) {
    enter();
    CUmodule module = new CUmodule();
    // PTX is a text that ends with a zero.
    check(cuModuleLoadData(module, Arrays.copyOf(image, image.length + 1)), "cuModuleLoadData");
    return new Module(module);
  }

  @Override
  public boolean enablePeer(GpuContext other) {
    CudaContext peer = (CudaContext) other;
    enter();
    int[] can = {0};
    check(cuDeviceCanAccessPeer(can, device, peer.device), "cuDeviceCanAccessPeer");
    if (can[0] == 0) {
      return false;
    }
    int status = cuCtxEnablePeerAccess(peer.context, 0);
    return status == CUresult.CUDA_SUCCESS || status == PEER_ALREADY_ENABLED;
  }

  @Override
  public void synchronise() {
    enter();
    check(cuCtxSynchronize(), "cuCtxSynchronize");
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      cuCtxDestroy(context);
    }
  }

  /** A mark in a stream. */
  final class Event implements GpuEvent {
    private final CUevent event;
    private boolean destroyed;

    Event(CUevent event) {
      this.event = event;
    }

    CUevent handle() {
      return event;
    }

    @Override
    public void synchronise() {
      enter();
      check(cuEventSynchronize(event), "cuEventSynchronize");
    }

    @Override
    public void close() {
      if (!destroyed && enterToFree()) {
        destroyed = true;
        cuEventDestroy(event);
      }
    }
  }

  /** A kernel. */
  record Kernel(CUfunction function) implements GpuKernel {}

  /** Loaded code. */
  private final class Module implements GpuModule {
    private final CUmodule module;
    private boolean unloaded;

    Module(CUmodule module) {
      this.module = module;
    }

    @Override
    public GpuKernel kernel(String name) {
      enter();
      CUfunction function = new CUfunction();
      check(cuModuleGetFunction(function, module, name), "cuModuleGetFunction of " + name);
      return new Kernel(function);
    }

    @Override
    public void close() {
      if (!unloaded && enterToFree()) {
        unloaded = true;
        cuModuleUnload(module);
      }
    }
  }
}
