package dev.lamina.features;

import dev.lamina.backend.BackendProvider;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.DeviceOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.Predicate;

/**
 * The backends of this build and their devices. The search never fails: a provider that does not
 * load, throws, hangs, or finds nothing becomes a recorded reason. Closing closes all devices.
 */
public final class Backends implements AutoCloseable {
  /** The backends that Lamina knows, in the order of the matrix's columns. */
  public static final List<String> KNOWN = List.of("cpu", "cuda", "rocm", "opencl", "vulkan");

  /** A service configuration that fails again and again is given up after so many failures. */
  private static final int MOST_FAILURES = 100;

  private final List<FoundBackend> found;

  Backends(List<FoundBackend> found) {
    this.found = List.copyOf(found);
  }

  /** Looks for all providers that {@link ServiceLoader} knows, and for their devices. */
  public static Backends discover(DeviceOptions options) {
    return discover(options, name -> true);
  }

  /**
   * As {@link #discover(DeviceOptions)}, but the drivers of some backends are left alone.
   *
   * @param searched which backends to search for devices, by name; the CPU's is searched always
   */
  public static Backends discover(DeviceOptions options, Predicate<String> searched) {
    return discover(options, searched, Backends.class.getClassLoader());
  }

  /** With the service files that a class loader sees. */
  static Backends discover(DeviceOptions options, Predicate<String> searched, ClassLoader loader) {
    Search search = new Search(options, searched, Search.PATIENCE);
    Iterator<ServiceLoader.Provider<BackendProvider>> entries =
        ServiceLoader.load(BackendProvider.class, loader).stream().iterator();
    for (int failures = 0; failures < MOST_FAILURES; ) {
      ServiceLoader.Provider<BackendProvider> entry;
      try {
        if (!entries.hasNext()) {
          break;
        }
        entry = entries.next();
      } catch (Throwable e) {
        // A damaged service file, a class that is missing or does not link: the iterator goes on
        // behind it.
        failures++;
        search.failed(
            Search.guessName(String.valueOf(e.getMessage())), "the provider did not load", e);
        continue;
      }
      search.add(entry);
    }
    return search.end();
  }

  /** The devices of the given providers, for programs and tests that choose them themselves. */
  public static Backends of(List<? extends BackendProvider> providers, DeviceOptions options) {
    return of(providers, options, Search.PATIENCE);
  }

  static Backends of(
      List<? extends BackendProvider> providers, DeviceOptions options, Duration patience) {
    Search search = new Search(options, name -> true, patience);
    providers.forEach(search::add);
    return search.end();
  }

  /** Every backend found, also those without devices. */
  public List<FoundBackend> found() {
    return found;
  }

  /** All devices, in the order of {@link #KNOWN}, others behind. */
  public List<Device> devices() {
    List<Device> all = new ArrayList<>();
    found.forEach(backend -> all.addAll(backend.devices()));
    return all;
  }

  /** The devices that are not the CPU path, in the order in which {@code --device} lists them. */
  public List<Device> gpus() {
    return devices().stream().filter(d -> d.info().kind() != DeviceInfo.Kind.CPU).toList();
  }

  /**
   * The device of the CPU path: the SIMD device, or where that is missing the scalar one, which
   * every build has.
   */
  public Device cpu() {
    return devices().stream()
        .filter(d -> d.info().kind() == DeviceInfo.Kind.CPU)
        .findFirst()
        .orElseThrow();
  }

  /** The reasons recorded for one backend, empty where it is fine or not in this build. */
  public List<String> reasons(String backend) {
    return found.stream()
        .filter(f -> f.name().equals(backend))
        .flatMap(f -> f.reasons().stream())
        .toList();
  }

  /** Closes all devices; a device that fails to close does not keep the others open. */
  @Override
  public void close() {
    for (FoundBackend backend : found) {
      backend.devices().forEach(Search::closeQuietly);
    }
  }
}
