package dev.lamina.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.features.Backends;
import dev.lamina.session.Model;
import dev.lamina.testing.Demo;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Two devices that a driver lists, in one run. PoCL has as many as its environment names. */
class TwoDevicesTest {
  /** Runs the demo model over all devices: the program of the other process. */
  public static void main(String[] args) {
    List<Device> found = new OpenClBackendProvider().discover(DeviceOptions.DEFAULT).devices();
    TestProvider all = new TestProvider(found.stream().map(OpenClDevice.class::cast).toList());
    try (Model model =
        Model.load(
            Demo.model(),
            ModelTest.OPTIONS.withPlacement(all.request()).withGpuLayers(99),
            Backends.of(List.of(all), DeviceOptions.DEFAULT))) {
      System.out.println(ModelTest.story(model));
      for (OpenClDevice device : all.devices()) {
        System.out.println(device.info().id() + " " + (ModelTest.launches(device) > 0));
      }
    }
  }

  @Test
  void bothRunLayersOfOneModel() throws Exception {
    try (OpenClDevice device = TestDevices.open()) {
      assumeTrue(
          device.facts().platform().equals("Portable Computing Language"), "only PoCL makes two");
    }
    List<String> lines =
        DiscoveryTest.lines(TwoDevicesTest.class, Map.of("POCL_DEVICES", "pthread pthread"));
    assertEquals(List.of(ModelTest.expected().toString(), "OpenCL0 true", "OpenCL1 true"), lines);
  }
}
