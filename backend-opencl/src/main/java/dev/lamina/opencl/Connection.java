package dev.lamina.opencl;

import static org.jocl.CL.CL_COMPLETE;
import static org.jocl.CL.CL_CONTEXT_PLATFORM;
import static org.jocl.CL.CL_EVENT_COMMAND_EXECUTION_STATUS;
import static org.jocl.CL.CL_MEM_READ_WRITE;
import static org.jocl.CL.CL_SUCCESS;
import static org.jocl.CL.clCreateBuffer;
import static org.jocl.CL.clCreateCommandQueue;
import static org.jocl.CL.clCreateContext;
import static org.jocl.CL.clEnqueueCopyBuffer;
import static org.jocl.CL.clEnqueueFillBuffer;
import static org.jocl.CL.clEnqueueMarkerWithWaitList;
import static org.jocl.CL.clEnqueueNDRangeKernel;
import static org.jocl.CL.clEnqueueReadBuffer;
import static org.jocl.CL.clEnqueueWriteBuffer;
import static org.jocl.CL.clFlush;
import static org.jocl.CL.clGetEventInfo;
import static org.jocl.CL.clReleaseCommandQueue;
import static org.jocl.CL.clReleaseContext;
import static org.jocl.CL.clReleaseEvent;
import static org.jocl.CL.clReleaseMemObject;
import static org.jocl.CL.clWaitForEvents;

import dev.lamina.backend.DeviceCounters;
import dev.lamina.backend.DeviceException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalInt;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_command_queue;
import org.jocl.cl_context;
import org.jocl.cl_context_properties;
import org.jocl.cl_device_id;
import org.jocl.cl_event;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;
import org.jocl.cl_platform_id;

/**
 * A context with its in-order queue, and a second one for what the host sends: that need not wait
 * for the kernels. Its copies are blocking ones, as JOCL wakes a thread for each of the others.
 * Every call to the driver that works on the device goes through here, is checked, and is counted.
 * A failure that loses the device is remembered, and all that comes after fails with it.
 */
final class Connection implements AutoCloseable {
  /** Launches between two events by which waiting sees that the device goes on. */
  private static final int MILESTONE = 64;

  /** Smaller buffers are not worth a special case. */
  private static final long LEAST_BYTES = 64;

  private final String id;
  private final cl_device_id device;
  private final DeviceFacts facts;
  private final Patience patience;
  private final long memory;
  private final cl_context context;
  private final cl_command_queue queue;
  private final cl_command_queue transfers;
  private final Deque<cl_event> milestones = new ArrayDeque<>();
  private DeviceException lost;
  private boolean closed;
  private long used;
  private long submissions;
  private long launches;
  private long synchronisations;
  private long bytesIn;
  private long bytesOut;

  @SuppressWarnings("deprecation") // what took the place of clCreateCommandQueue needs OpenCL 2.0
  Connection(
      String id,
      cl_platform_id platform,
      cl_device_id device,
      DeviceFacts facts,
      OpenClDevice.Settings settings) {
    this.id = id;
    this.device = device;
    this.facts = facts;
    patience = new Patience(id, settings.patience());
    memory = Math.min(settings.memory(), facts.memory());
    cl_context_properties properties = new cl_context_properties();
    properties.addProperty(CL_CONTEXT_PLATFORM, platform);
    int[] status = new int[1];
    context = clCreateContext(properties, 1, new cl_device_id[] {device}, null, null, status);
    Status.check(status[0], id, "opening the device");
    queue = clCreateCommandQueue(context, device, 0, status);
    if (status[0] != CL_SUCCESS) {
      clReleaseContext(context);
      throw Status.failure(status[0], id, "making a queue");
    }
    transfers = clCreateCommandQueue(context, device, 0, status);
    if (status[0] != CL_SUCCESS) {
      clReleaseCommandQueue(queue);
      clReleaseContext(context);
      throw Status.failure(status[0], id, "making a second queue");
    }
  }

  String id() {
    return id;
  }

  cl_context context() {
    return context;
  }

  cl_device_id device() {
    return device;
  }

  DeviceFacts facts() {
    return facts;
  }

  Patience patience() {
    return patience;
  }

  /** Bytes of the device's memory that are in use here. */
  long used() {
    return used;
  }

  /** Throws where the device is lost. */
  void checkAlive() {
    if (lost != null) {
      throw new DeviceException(lost.kind(), lost.getMessage(), lost);
    }
  }

  /** Throws where a call failed. */
  void check(int status, String what) {
    if (status != CL_SUCCESS) {
      DeviceException failure = Status.failure(status, id, what);
      if (failure.kind() == DeviceException.Kind.LOST) {
        lost = failure;
      }
      throw failure;
    }
  }

  cl_mem allocate(long bytes, String what) {
    checkAlive();
    if (bytes > facts.mostAllocation() || used + bytes > memory) {
      throw new DeviceException(
          DeviceException.Kind.OUT_OF_MEMORY,
          "%s: %d bytes for %s are too many: it has %d bytes, %d of them in use, and gives at most %d at once"
              .formatted(id, bytes, what, memory, used, facts.mostAllocation()));
    }
    int[] status = new int[1];
    cl_mem made =
        clCreateBuffer(context, CL_MEM_READ_WRITE, Math.max(bytes, LEAST_BYTES), null, status);
    check(status[0], "allocating " + bytes + " bytes for " + what);
    used += bytes;
    return made;
  }

  /** Gives memory back once what is enqueued is done with it. */
  void free(cl_mem memory, long bytes) {
    if (!closed && lost == null) {
      clReleaseMemObject(memory);
      used -= bytes;
    }
  }

  /** Fills memory with zeros, and so makes sure that it is there. */
  void clear(cl_mem memory, long bytes, String what) {
    checkAlive();
    int[] zero = new int[1];
    check(
        clEnqueueFillBuffer(
            queue, memory, Pointer.to(zero), Integer.BYTES, 0, bytes / 4 * 4, 0, null, null),
        "clearing " + what);
  }

  /**
   * Copies to memory that nothing enqueued uses, and is done with it on return: it waits for its
   * own queue and not for the kernels.
   *
   * @param from memory outside of the heap
   */
  void upload(cl_mem to, long offset, MemorySegment from) {
    checkAlive();
    long bytes = from.byteSize();
    check(
        clEnqueueWriteBuffer(
            transfers, to, true, offset, bytes, Pointer.to(from.asByteBuffer()), 0, null, null),
        "copying " + bytes + " bytes to the device");
    bytesIn += bytes;
  }

  /** Enqueues a copy, and tells when it is done. */
  cl_event copyWithEvent(cl_mem from, cl_mem to, long toOffset, long bytes) {
    checkAlive();
    cl_event event = new cl_event();
    check(
        clEnqueueCopyBuffer(queue, from, to, 0, toOffset, bytes, 0, null, event),
        "copying " + bytes + " bytes on the device");
    return event;
  }

  /**
   * Waits for what was enqueued before, then copies.
   *
   * @param to memory outside of the heap, which must stay where the device may be lost meanwhile
   */
  void read(cl_mem from, long offset, MemorySegment to) {
    checkAlive();
    synchronisations++;
    check(clFlush(queue), "sending work to the device");
    passMilestones();
    ByteBuffer bytes = to.asByteBuffer();
    OptionalInt status =
        patience.run(
            () ->
                clEnqueueReadBuffer(
                    queue, from, true, offset, bytes.capacity(), Pointer.to(bytes), 0, null, null));
    check(
        status.orElseThrow(this::silent), "copying " + bytes.capacity() + " bytes from the device");
    bytesOut += bytes.capacity();
  }

  void copy(cl_mem from, long fromOffset, cl_mem to, long toOffset, long bytes) {
    checkAlive();
    check(
        clEnqueueCopyBuffer(queue, from, to, fromOffset, toOffset, bytes, 0, null, null),
        "copying " + bytes + " bytes on the device");
  }

  void launch(cl_kernel kernel, long[] items, long[] group, String what) {
    cl_event event = ++launches % MILESTONE == 0 ? new cl_event() : null;
    int status = clEnqueueNDRangeKernel(queue, kernel, 3, null, items, group, 0, null, event);
    if (status != CL_SUCCESS) {
      check(status, "launching " + what);
    }
    if (event != null) {
      milestones.add(event);
    }
  }

  /** Lets the device begin with a step. */
  void submit() {
    submissions++;
    check(clFlush(queue), "sending work to the device");
  }

  /** Waits for everything that is enqueued. */
  void finish() {
    checkAlive();
    cl_event event = new cl_event();
    check(clEnqueueMarkerWithWaitList(queue, 0, null, event), "asking for the end of the work");
    synchronise(event);
  }

  /** Whether an event has happened, without waiting. */
  boolean isDone(cl_event event) {
    int[] status = new int[1];
    int result =
        clGetEventInfo(
            event, CL_EVENT_COMMAND_EXECUTION_STATUS, Sizeof.cl_int, Pointer.to(status), null);
    return result == CL_SUCCESS && status[0] == CL_COMPLETE;
  }

  /** Waits for an event and releases it. */
  void synchronise(cl_event event) {
    synchronisations++;
    check(clFlush(queue), "sending work to the device");
    passMilestones();
    await(event);
  }

  /** Each with patience of its own: a long step is no standstill. */
  private void passMilestones() {
    while (!milestones.isEmpty()) {
      await(milestones.remove());
    }
  }

  private void await(cl_event event) {
    int status =
        patience.run(() -> clWaitForEvents(1, new cl_event[] {event})).orElseThrow(this::silent);
    if (status != CL_SUCCESS) {
      int[] own = new int[1];
      clGetEventInfo(
          event, CL_EVENT_COMMAND_EXECUTION_STATUS, Sizeof.cl_int, Pointer.to(own), null);
      String why =
          Status.failure(own[0] < 0 ? own[0] : status, id, "running the kernels").getMessage();
      lost = new DeviceException(DeviceException.Kind.LOST, why);
      throw lost;
    }
    clReleaseEvent(event);
  }

  private DeviceException silent() {
    lost =
        new DeviceException(
            DeviceException.Kind.LOST,
            id
                + " has not answered for "
                + patience.most().toMillis() / 1000.0
                + " s and is left alone (-Dlamina.opencl.patience=SECONDS gives it longer)");
    return lost;
  }

  void release(cl_event event) {
    if (!closed && lost == null) {
      clReleaseEvent(event);
    }
  }

  DeviceCounters workDone() {
    return new DeviceCounters(submissions, synchronisations, launches, bytesIn, bytesOut);
  }

  /** Whether the driver may still be called for what is to be given back. */
  boolean isUsable() {
    return !closed && lost == null;
  }

  /** A device that is lost keeps what it has: its driver may never return. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    if (lost == null) {
      milestones.forEach(org.jocl.CL::clReleaseEvent);
      milestones.clear();
      patience.run(
          () -> {
            clReleaseCommandQueue(queue);
            clReleaseCommandQueue(transfers);
            return clReleaseContext(context);
          });
    }
    closed = true;
    patience.close();
  }
}
