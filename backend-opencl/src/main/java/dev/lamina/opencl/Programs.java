package dev.lamina.opencl;

import static org.jocl.CL.CL_PROGRAM_BINARIES;
import static org.jocl.CL.CL_PROGRAM_BINARY_SIZES;
import static org.jocl.CL.CL_PROGRAM_BUILD_LOG;
import static org.jocl.CL.CL_SUCCESS;
import static org.jocl.CL.clBuildProgram;
import static org.jocl.CL.clCreateKernel;
import static org.jocl.CL.clCreateProgramWithBinary;
import static org.jocl.CL.clCreateProgramWithSource;
import static org.jocl.CL.clGetProgramBuildInfo;
import static org.jocl.CL.clGetProgramInfo;
import static org.jocl.CL.clReleaseProgram;

import dev.lamina.backend.DeviceException;
import dev.lamina.shaders.CardKernels;
import dev.lamina.shaders.Dialect;
import dev.lamina.shaders.Kernel;
import dev.lamina.shaders.ProgramKey;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_device_id;
import org.jocl.cl_kernel;
import org.jocl.cl_program;

/**
 * The programs of a device: each is built once, from the cache on disk where it has been before.
 */
final class Programs {
  private final Connection connection;
  private final BinaryCache cache;
  private final Paths paths;
  private final Map<ProgramKey, cl_program> built = new HashMap<>();
  private long builds;
  private String refused;

  Programs(Connection connection, BinaryCache cache, Paths paths) {
    this.connection = connection;
    this.cache = cache;
    this.paths = paths;
  }

  /** Programs compiled from source so far. */
  long builds() {
    return builds;
  }

  /** A kernel object with arguments of its own. */
  cl_kernel kernel(Kernel kernel) {
    cl_program program = built.computeIfAbsent(kernel.program(), this::build);
    int[] status = new int[1];
    cl_kernel made = clCreateKernel(program, kernel.entry(), status);
    connection.check(status[0], "making the kernel " + kernel.entry());
    return made;
  }

  private cl_program build(ProgramKey key) {
    try {
      return build(key, paths);
    } catch (DeviceException e) {
      Paths plain = paths.plain();
      if (e.kind() != DeviceException.Kind.COMPILE_FAILED || plain.equals(paths)) {
        throw e;
      }
      // A driver that does not keep what its extensions promise: it may do without.
      refused = e.getMessage();
      return build(key, plain);
    }
  }

  private cl_program build(ProgramKey key, Paths by) {
    String text = CardKernels.text(Dialect.OPENCL, key, by.defines());
    return build(key.name(), text, by.options(connection.facts().version()));
  }

  /** Builds a text in OpenCL C 1.2. */
  cl_program build(String name, String text) {
    return build(name, text, Paths.FLOOR.options(connection.facts().version()));
  }

  /** What the driver said where it did not compile with its extensions; null where it does. */
  String refused() {
    return refused;
  }

  /** Builds a text with other options. */
  cl_program build(String name, String text, String options) {
    connection.checkAlive();
    if (!cache.keeps()) {
      return ofSource(name, text, options);
    }
    DeviceFacts facts = connection.facts();
    Path file =
        cache.file(
            name, text, options, facts.platform(), facts.name(), facts.version(), facts.driver());
    byte[] binary = cache.load(file);
    if (binary != null) {
      cl_program program = ofBinary(binary, options);
      if (program != null) {
        return program;
      }
      cache.drop(file);
    }
    cl_program program = ofSource(name, text, options);
    byte[] fresh = binary(program);
    if (fresh != null) {
      cache.save(file, fresh);
    }
    return program;
  }

  /** Null where the driver does not take it: it is of another version, say. */
  private cl_program ofBinary(byte[] binary, String options) {
    int[] status = new int[1];
    int[] each = new int[1];
    cl_program program =
        clCreateProgramWithBinary(
            connection.context(),
            1,
            devices(),
            new long[] {binary.length},
            new byte[][] {binary},
            each,
            status);
    if (status[0] != CL_SUCCESS) {
      return null;
    }
    if (each[0] == CL_SUCCESS
        && clBuildProgram(program, 1, devices(), options, null, null) == CL_SUCCESS) {
      return program;
    }
    clReleaseProgram(program);
    return null;
  }

  private cl_program ofSource(String name, String text, String options) {
    builds++;
    int[] status = new int[1];
    cl_program program =
        clCreateProgramWithSource(
            connection.context(), 1, new String[] {text}, new long[] {text.length()}, status);
    connection.check(status[0], "taking the text of " + name);
    int result = clBuildProgram(program, 1, devices(), options, null, null);
    if (result != CL_SUCCESS) {
      DeviceException failure =
          new DeviceException(
              DeviceException.Kind.COMPILE_FAILED,
              "%s: its driver does not compile %s (%s); what it says is in %s"
                  .formatted(
                      connection.id(),
                      name,
                      org.jocl.CL.stringFor_errorCode(result),
                      log(name, text, program)));
      clReleaseProgram(program);
      throw failure;
    }
    return program;
  }

  /** Writes the driver's log, and the text that it is about, to a file. */
  private String log(String name, String text, cl_program program) {
    long[] size = new long[1];
    clGetProgramBuildInfo(program, connection.device(), CL_PROGRAM_BUILD_LOG, 0, null, size);
    byte[] log = new byte[(int) Math.max(1, size[0])];
    clGetProgramBuildInfo(
        program, connection.device(), CL_PROGRAM_BUILD_LOG, log.length, Pointer.to(log), null);
    try {
      Path file = Files.createTempFile("lamina-opencl-" + name + "-", ".log");
      Files.writeString(
          file,
          connection.facts().name()
              + ", "
              + connection.facts().driver()
              + "\n"
              + new String(log, StandardCharsets.UTF_8).replace("\0", "")
              + "\n--- the text\n"
              + text);
      return file.toString();
    } catch (IOException e) {
      return "no file, as none could be written (" + e.getMessage() + ")";
    }
  }

  private static byte[] binary(cl_program program) {
    long[] size = new long[1];
    if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, Sizeof.size_t, Pointer.to(size), null)
            != CL_SUCCESS
        || size[0] <= 0
        || size[0] > Integer.MAX_VALUE - 64) {
      return null;
    }
    ByteBuffer binary = ByteBuffer.allocateDirect((int) size[0]);
    int status =
        clGetProgramInfo(
            program,
            CL_PROGRAM_BINARIES,
            Sizeof.POINTER,
            Pointer.to(new Pointer[] {Pointer.to(binary)}),
            null);
    if (status != CL_SUCCESS) {
      return null;
    }
    byte[] bytes = new byte[binary.capacity()];
    binary.get(bytes);
    return bytes;
  }

  private cl_device_id[] devices() {
    return new cl_device_id[] {connection.device()};
  }

  void close() {
    if (connection.isUsable()) {
      built.values().forEach(org.jocl.CL::clReleaseProgram);
    }
    built.clear();
  }
}
