package dev.lamina.opencl;

import static org.jocl.CL.CL_COMPILER_NOT_AVAILABLE;
import static org.jocl.CL.CL_DEVICE_NOT_AVAILABLE;
import static org.jocl.CL.CL_INVALID_BUFFER_SIZE;
import static org.jocl.CL.CL_INVALID_COMMAND_QUEUE;
import static org.jocl.CL.CL_INVALID_CONTEXT;
import static org.jocl.CL.CL_MEM_OBJECT_ALLOCATION_FAILURE;
import static org.jocl.CL.CL_OUT_OF_HOST_MEMORY;
import static org.jocl.CL.CL_OUT_OF_RESOURCES;
import static org.jocl.CL.CL_SUCCESS;
import static org.jocl.CL.stringFor_errorCode;

import dev.lamina.backend.DeviceException;
import dev.lamina.backend.DeviceException.Kind;

/** OpenCL's status codes as failures of a device. */
final class Status {
  private Status() {}

  /**
   * Throws where a call failed.
   *
   * @param device the device's name, for the message
   * @param what what was being done: "uploading weights"
   */
  static void check(int status, String device, String what) {
    if (status != CL_SUCCESS) {
      throw failure(status, device, what);
    }
  }

  static DeviceException failure(int status, String device, String what) {
    Kind kind = kind(status);
    String remedy =
        switch (kind) {
          case OUT_OF_MEMORY -> ": the device has no memory left for it";
          case LOST -> ": the driver has given the device up";
          case COMPILE_FAILED, UNSUPPORTED, OTHER -> "";
        };
    return new DeviceException(
        kind, device + ": " + what + " failed with " + stringFor_errorCode(status) + remedy);
  }

  private static Kind kind(int status) {
    return switch (status) {
      case CL_MEM_OBJECT_ALLOCATION_FAILURE,
          CL_OUT_OF_RESOURCES,
          CL_OUT_OF_HOST_MEMORY,
          CL_INVALID_BUFFER_SIZE ->
          Kind.OUT_OF_MEMORY;
      case CL_DEVICE_NOT_AVAILABLE, CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT -> Kind.LOST;
      case CL_COMPILER_NOT_AVAILABLE -> Kind.COMPILE_FAILED;
      default -> Kind.OTHER;
    };
  }
}
