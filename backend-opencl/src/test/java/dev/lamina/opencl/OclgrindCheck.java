package dev.lamina.opencl;

import static org.jocl.CL.clSetKernelArg;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;
import org.junit.jupiter.api.Test;

/**
 * All kernels on small shapes in oclgrind, an OpenCL device that interprets them and reports every
 * access out of bounds and every data race. Run by the Maven profile {@code oclgrind}, which sets
 * the environment; each test fails where there is a report.
 */
class OclgrindCheck extends KernelCases {
  @Override
  OpenClDevice open() {
    return open(s -> s);
  }

  static OpenClDevice open(UnaryOperator<OpenClDevice.Settings> change) {
    OpenClDevice device = TestDevices.open("OpenCL0", change);
    assertTrue(device.info().description().contains("Oclgrind"), device.info().toString());
    // Every context begins the file of reports anew: this one's before anybody looks at it.
    device.connection();
    return device;
  }

  /** What oclgrind has reported so far; it makes the file with the first report. */
  @Override
  String report() throws IOException {
    Path log = Path.of(System.getenv("OCLGRIND_LOG"));
    return Files.exists(log) ? Files.readString(log) : "";
  }

  /** That there would be a report: a kernel that writes far behind its buffer. */
  @Test
  void anErrorIsReported() throws IOException {
    String text = "__kernel void bad(__global int *p) { p[100000 + get_global_id(0)] = 1; }";
    String before = report();
    int[] status = new int[1];
    cl_kernel kernel =
        org.jocl.CL.clCreateKernel(device().programs().build("bad", text), "bad", status);
    cl_mem memory = device().connection().allocate(64, "a test");
    clSetKernelArg(kernel, 0, Sizeof.cl_mem, Pointer.to(memory));
    device().connection().launch(kernel, new long[] {1, 1, 1}, new long[] {1, 1, 1}, "bad");
    device().connection().finish();
    assertTrue(report().substring(before.length()).contains("Invalid write"), report());
  }
}
