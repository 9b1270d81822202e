package dev.lamina.opencl;

import dev.lamina.backend.BackendProvider;
import dev.lamina.backend.Capabilities;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import dev.lamina.placement.PlacementRequest;
import java.util.List;
import java.util.function.UnaryOperator;

/** A backend with chosen devices. */
record TestProvider(List<OpenClDevice> devices) implements BackendProvider {
  static TestProvider one() {
    return changed(s -> s);
  }

  /** One device with other settings. */
  static TestProvider changed(UnaryOperator<OpenClDevice.Settings> change) {
    return new TestProvider(List.of(TestDevices.open("OpenCL0", change)));
  }

  /** The same hardware as two devices, each with a context of its own. */
  static TestProvider two() {
    return new TestProvider(
        List.of(TestDevices.open("OpenCL0", s -> s), TestDevices.open("OpenCL1", s -> s)));
  }

  /** Names the devices, as software devices must be. */
  PlacementRequest request() {
    return new PlacementRequest(
        PlacementRequest.DEFAULT.gpuLayers(),
        devices.stream().map(OpenClDevice::info).map(DeviceInfo::id).toList(),
        List.of(),
        PlacementRequest.SplitMode.LAYER,
        0,
        true,
        0);
  }

  @Override
  public String name() {
    return "opencl";
  }

  @Override
  public Capabilities capabilities() {
    return OpenClCapabilities.INSTANCE;
  }

  @Override
  public Discovery discover(DeviceOptions options) {
    return new Discovery(List.copyOf(devices), List.of());
  }
}
