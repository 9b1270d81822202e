package dev.lamina.opencl;

import static org.jocl.CL.CL_DEVICE_NOT_FOUND;
import static org.jocl.CL.CL_DEVICE_TYPE_ALL;
import static org.jocl.CL.CL_SUCCESS;
import static org.jocl.CL.clGetDeviceIDs;
import static org.jocl.CL.clGetPlatformIDs;
import static org.jocl.CL.stringFor_errorCode;

import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceException;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jocl.CL;
import org.jocl.cl_device_id;
import org.jocl.cl_platform_id;

/** Looks for devices on all platforms. */
final class DeviceSearch {
  /** {@code CL_PLATFORM_NOT_FOUND_KHR}: the loader is there, and no driver. */
  private static final int PLATFORM_NOT_FOUND = -1001;

  private DeviceSearch() {}

  private record Found(cl_platform_id platform, cl_device_id id, DeviceFacts facts) {}

  static Discovery run(DeviceOptions options) {
    CL.setExceptionsEnabled(false);
    int[] count = new int[1];
    int status = clGetPlatformIDs(0, null, count);
    if (status == PLATFORM_NOT_FOUND || status == CL_SUCCESS && count[0] == 0) {
      return Discovery.none("no OpenCL driver is installed: install the one of the card");
    }
    if (status != CL_SUCCESS) {
      return Discovery.none("OpenCL does not list its platforms: " + stringFor_errorCode(status));
    }
    cl_platform_id[] platforms = new cl_platform_id[count[0]];
    clGetPlatformIDs(platforms.length, platforms, null);
    List<String> reasons = new ArrayList<>();
    List<Found> found = new ArrayList<>();
    for (cl_platform_id platform : platforms) {
      search(platform, found, reasons);
    }
    // Cards before integrated GPUs before processors, so that numbers do not depend on the loader.
    found.sort(Comparator.comparing(f -> f.facts().kind()));
    List<Device> devices = new ArrayList<>();
    for (Found one : found) {
      open(one, options, devices, reasons);
    }
    if (devices.isEmpty() && reasons.isEmpty()) {
      reasons.add("the OpenCL drivers here have no device");
    }
    return new Discovery(devices, reasons);
  }

  private static void search(cl_platform_id platform, List<Found> found, List<String> reasons) {
    int[] count = new int[1];
    int status = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, null, count);
    if (status == CL_DEVICE_NOT_FOUND || status == CL_SUCCESS && count[0] == 0) {
      return;
    }
    if (status != CL_SUCCESS) {
      reasons.add("an OpenCL driver does not list its devices: " + stringFor_errorCode(status));
      return;
    }
    cl_device_id[] ids = new cl_device_id[count[0]];
    clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, ids.length, ids, null);
    for (cl_device_id id : ids) {
      DeviceFacts facts = DeviceFacts.of(platform, id);
      if (facts.unusable() == null) {
        found.add(new Found(platform, id, facts));
      } else {
        reasons.add(facts.name() + " was left out: " + facts.unusable());
      }
    }
  }

  private static void open(
      Found one, DeviceOptions options, List<Device> devices, List<String> reasons) {
    try {
      devices.add(
          new OpenClDevice(
              "OpenCL" + devices.size(),
              one.platform(),
              one.id(),
              one.facts(),
              OpenClDevice.Settings.of(one.facts(), options)));
    } catch (DeviceException e) {
      reasons.add(one.facts().name() + " was left out: " + e.getMessage());
    }
  }
}
