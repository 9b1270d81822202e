package dev.lamina.features;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.backend.BackendProvider;
import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import dev.lamina.backend.Support;
import dev.lamina.backend.testing.FakeGpu;
import dev.lamina.backend.testing.FakeProvider;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The search for backends gets over whatever providers and service files do. */
class BackendsTest {
  private static final DeviceOptions OPTIONS = DeviceOptions.DEFAULT;

  /** A provider that finds nothing, with a reason. */
  public static class CudaProvider implements BackendProvider {
    @Override
    public String name() {
      return "cuda";
    }

    @Override
    public Capabilities capabilities() {
      return FeatureFixtures.capabilities(op -> Support.FULL, Set.of(), true);
    }

    @Override
    public Discovery discover(DeviceOptions options) {
      return Discovery.none("libcuda.so.1 not found: install the NVIDIA driver");
    }
  }

  /** A provider whose constructor throws. */
  public static final class RocmProvider extends CudaProvider {
    public RocmProvider() {
      throw new IllegalStateException("no HIP runtime");
    }
  }

  /** A provider whose class does not initialise. */
  public static final class OpenclProvider extends CudaProvider {
    static {
      if (true) {
        throw new UnsatisfiedLinkError("libOpenCL.so.1: cannot open shared object file");
      }
    }
  }

  /** No provider at all. */
  public static final class VulkanProvider {}

  @Test
  void reasonsOfProvidersAreKept() {
    try (Backends backends =
        Backends.of(
            List.of(FakeProvider.none("vulkan", "no loader"), new CudaProvider()), OPTIONS)) {
      assertEquals(List.of("cpu", "cuda", "vulkan"), names(backends));
      assertEquals(
          List.of("libcuda.so.1 not found: install the NVIDIA driver"), backends.reasons("cuda"));
      assertEquals(List.of("no loader"), backends.reasons("vulkan"));
      assertEquals(List.of(), backends.gpus());
    }
  }

  @Test
  void withoutASimdBackendTheScalarDeviceIsTheCpu() {
    try (Backends backends = Backends.of(List.of(), OPTIONS)) {
      assertEquals(DeviceInfo.Kind.CPU, backends.cpu().info().kind());
      assertEquals(
          List.of("no SIMD backend in this build; plain Java loops run instead"),
          backends.reasons("cpu"));
    }
    try (Backends backends =
        Backends.of(
            List.of(FakeProvider.failing("cpu", new NoClassDefFoundError("jdk/incubator/vector"))),
            OPTIONS)) {
      assertEquals(1, backends.found().size());
      assertTrue(backends.reasons("cpu").getFirst().contains("jdk/incubator/vector"));
      assertTrue(backends.cpu().info().notes().getFirst().contains("jdk/incubator/vector"));
    }
  }

  @Test
  void searchesThatThrowBecomeReasons() {
    List<Throwable> failures =
        List.of(
            new IllegalStateException("driver is confused"),
            new UnsatisfiedLinkError("no such symbol"),
            new NoClassDefFoundError("org/jocl/CL"),
            new StackOverflowError(),
            new OutOfMemoryError("made up"));
    for (Throwable failure : failures) {
      FakeGpu good = FakeGpu.builder("Vulkan0").backend("vulkan").build();
      try (Backends backends =
          Backends.of(
              List.of(FakeProvider.failing("opencl", failure), FakeProvider.of("vulkan", good)),
              OPTIONS)) {
        assertEquals(List.of(good), backends.gpus());
        String reason = backends.reasons("opencl").getFirst();
        assertTrue(reason.startsWith("the search for devices failed: "), reason);
        assertTrue(reason.contains(failure.getClass().getSimpleName()), reason);
      }
    }
  }

  @Test
  void providersThatReturnNullBecomeReasons() {
    try (Backends backends =
        Backends.of(List.of(new FakeProvider("rocm", op -> Support.FULL, () -> null)), OPTIONS)) {
      assertEquals(1, backends.reasons("rocm").size());
    }
  }

  @Test
  void aDeviceThatDoesNotTellItsNameIsClosedAndLeftOut() {
    List<String> calls = new ArrayList<>();
    Device broken =
        (Device)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Device.class},
                (proxy, method, args) -> {
                  calls.add(method.getName());
                  if (method.getName().equals("close")) {
                    return null;
                  }
                  throw new IllegalStateException("device is gone");
                });
    FakeGpu good = FakeGpu.builder("CUDA1").backend("cuda").build();
    FakeGpu again = FakeGpu.builder("cuda1").backend("cuda").build();
    FakeProvider provider =
        new FakeProvider(
            "cuda",
            op -> Support.FULL,
            () -> new Discovery(List.of(broken, good, again), List.of("CUDA2 is too old")));
    try (Backends backends = Backends.of(List.of(provider), OPTIONS)) {
      assertEquals(List.of(good), backends.gpus());
      assertEquals(
          List.of(
              "CUDA2 is too old",
              "a device was left out: IllegalStateException (device is gone)",
              "a second device named cuda1 was left out"),
          backends.reasons("cuda"));
      assertEquals(List.of("info", "close"), calls);
    }
  }

  @Test
  void closingClosesAllDevicesEvenIfOneThrows() {
    List<String> closed = new ArrayList<>();
    Device bad = device("CUDA0", closed, true);
    Device fine = device("CUDA1", closed, false);
    Backends.of(
            List.of(
                new FakeProvider(
                    "cuda",
                    op -> Support.FULL,
                    () -> new Discovery(List.of(bad, fine), List.of()))),
            OPTIONS)
        .close();
    assertEquals(List.of("CUDA0", "CUDA1"), closed);
  }

  @Test
  void aDriverThatHangsBecomesAReasonAndItsLateDevicesAreClosed() throws InterruptedException {
    CountDownLatch hang = new CountDownLatch(1);
    List<String> closed = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch closing = new CountDownLatch(1);
    Device late =
        device(
            "CUDA0",
            new ArrayList<>() {
              private static final long serialVersionUID = 1L;

              @Override
              public boolean add(String id) {
                closed.add(id);
                closing.countDown();
                return true;
              }
            },
            false);
    BackendProvider hanging =
        new FakeProvider(
            "cuda",
            op -> Support.FULL,
            () -> {
              await(hang);
              return new Discovery(List.of(late), List.of());
            });
    try (Backends backends =
        Backends.of(
            List.of(hanging, FakeProvider.none("vulkan", "no loader")),
            OPTIONS,
            Duration.ofMillis(50))) {
      assertEquals(
          List.of(
              "the search for devices failed: the driver did not answer within 0.05 s; the run goes"
                  + " on without it"),
          backends.reasons("cuda"));
      assertEquals(List.of("no loader"), backends.reasons("vulkan"));
      assertEquals(List.of(), backends.gpus());
    }
    hang.countDown();
    assertTrue(closing.await(10, TimeUnit.SECONDS));
    assertEquals(List.of("CUDA0"), closed);
  }

  @Test
  void driversAreSearchedAtOnce() {
    CountDownLatch both = new CountDownLatch(2);
    BackendProvider[] meeting = new BackendProvider[2];
    for (int i = 0; i < 2; i++) {
      int number = i;
      meeting[i] =
          new FakeProvider(
              i == 0 ? "cuda" : "vulkan",
              op -> Support.FULL,
              () -> {
                both.countDown();
                await(both);
                return Discovery.none("met, as number " + number);
              });
    }
    try (Backends backends = Backends.of(List.of(meeting), OPTIONS)) {
      assertEquals(List.of("met, as number 0"), backends.reasons("cuda"));
      assertEquals(List.of("met, as number 1"), backends.reasons("vulkan"));
    }
  }

  @Test
  void driversThatNobodyWantsAreNotStarted(@TempDir Path dir) throws IOException {
    URL[] path = {service(dir, "cuda", BackendsTest.class.getName() + "$CudaProvider\n")};
    try (URLClassLoader loader = new URLClassLoader(path, getClass().getClassLoader());
        Backends backends = Backends.discover(OPTIONS, name -> !name.equals("cuda"), loader)) {
      assertEquals(
          List.of("not searched for devices: no layer is to go to a GPU"),
          backends.reasons("cuda"));
      // What its kernels can do is known all the same.
      assertEquals(
          Cell.State.BUILT_BUT_NEVER_RUN, FeatureMatrix.of(backends).query("cuda", "q4_0").state());
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void serviceFilesOfAllKindsAreGotOver(@TempDir Path dir) throws IOException {
    String here = BackendsTest.class.getName();
    Path damaged = Files.createDirectories(dir.resolve("damaged/dev/lamina/backend/vulkan"));
    Files.writeString(damaged.resolve("DamagedProvider.class"), "no class file");
    URL[] path = {
      service(dir, "garbage", "this is no class name!\n"),
      service(dir, "missing", "dev.lamina.backend.rocm.MissingProvider\n"),
      service(dir, "damaged", "dev.lamina.backend.vulkan.DamagedProvider\n"),
      service(
          dir,
          "mixed",
          "# a comment\n"
              + here
              + "$RocmProvider\n"
              + here
              + "$OpenclProvider\n"
              + here
              + "$VulkanProvider\n"
              + here
              + "$CudaProvider\n"),
    };
    try (URLClassLoader loader = new URLClassLoader(path, getClass().getClassLoader());
        Backends backends = Backends.discover(OPTIONS, name -> true, loader)) {
      // The sound provider is found behind all the broken ones.
      assertEquals(
          List.of("libcuda.so.1 not found: install the NVIDIA driver"), backends.reasons("cuda"));
      String rocm = String.join("\n", backends.reasons("rocm"));
      assertTrue(rocm.contains("MissingProvider not found"), rocm);
      assertTrue(rocm.contains("IllegalStateException (no HIP runtime)"), rocm);
      String opencl = String.join("\n", backends.reasons("opencl"));
      assertTrue(opencl.contains("libOpenCL.so.1: cannot open shared object file"), opencl);
      String vulkan = String.join("\n", backends.reasons("vulkan"));
      assertTrue(vulkan.contains("DamagedProvider"), vulkan);
      assertTrue(vulkan.contains("not a subtype"), vulkan);
      String unknown = String.join("\n", backends.reasons("unknown"));
      assertTrue(unknown.contains("Illegal configuration-file syntax"), unknown);
      assertEquals(DeviceInfo.Kind.CPU, backends.cpu().info().kind());
      // And the matrix still draws.
      assertTrue(FeatureMatrix.of(backends).text().contains("MissingProvider"));
    }
  }

  private static URL service(Path dir, String name, String text) throws IOException {
    Path folder = dir.resolve(name);
    Path file = folder.resolve("META-INF/services/" + BackendProvider.class.getName());
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    return folder.toUri().toURL();
  }

  private static Device device(String id, List<String> closed, boolean throwing) {
    DeviceInfo info =
        new DeviceInfo(id, "cuda", id, DeviceInfo.Kind.DISCRETE_GPU, 1, 1, "", List.of());
    return (Device)
        Proxy.newProxyInstance(
            BackendsTest.class.getClassLoader(),
            new Class<?>[] {Device.class},
            (proxy, method, args) -> {
              switch (method.getName()) {
                case "info" -> {
                  return info;
                }
                case "close" -> {
                  closed.add(id);
                  if (throwing) {
                    throw new IllegalStateException("does not close");
                  }
                  return null;
                }
                default -> throw new UnsupportedOperationException(method.getName());
              }
            });
  }

  private static List<String> names(Backends backends) {
    return backends.found().stream().map(FoundBackend::name).toList();
  }
}
