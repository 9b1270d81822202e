package dev.lamina.features;

import dev.lamina.LaminaException;
import dev.lamina.backend.BackendProvider;
import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import dev.lamina.backend.reference.ReferenceDevice;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;

/**
 * The backends of this build and their devices. The search never fails: a provider that does not
 * load, throws, or finds nothing becomes a recorded reason. Closing closes all devices.
 */
public final class Backends implements AutoCloseable {
  /** The backends that Lamina knows, in the order of the matrix's columns. */
  public static final List<String> KNOWN = List.of("cpu", "cuda", "rocm", "opencl", "vulkan");

  /** A service configuration that fails again and again is given up after so many failures. */
  private static final int MOST_FAILURES = 100;

  private final List<FoundBackend> found;

  private Backends(List<FoundBackend> found) {
    this.found = List.copyOf(found);
  }

  /** Looks for all providers that {@link ServiceLoader} knows, and for their devices. */
  public static Backends discover(DeviceOptions options) {
    return discover(options, Backends.class.getClassLoader());
  }

  /** As {@link #discover(DeviceOptions)}, with the service files that a class loader sees. */
  public static Backends discover(DeviceOptions options, ClassLoader loader) {
    Search search = new Search(options);
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
        search.failed(guessName(String.valueOf(e.getMessage())), "the provider did not load", e);
        continue;
      }
      search.add(entry);
    }
    return search.end();
  }

  /** The devices of the given providers, for programs and tests that choose them themselves. */
  public static Backends of(List<? extends BackendProvider> providers, DeviceOptions options) {
    Search search = new Search(options);
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
      backend.devices().forEach(Backends::closeQuietly);
    }
  }

  private static void closeQuietly(Device device) {
    try {
      device.close();
    } catch (RuntimeException | LinkageError e) {
      // Nothing can be done with a device that does not even close; its process memory goes with
      // the process.
    }
  }

  /** The known backend whose name stands in a class name or message, else "unknown". */
  private static String guessName(String text) {
    String lower = text.toLowerCase(Locale.ROOT).replace('/', '.');
    return KNOWN.stream()
        .filter(name -> lower.contains("." + name + ".") || lower.contains(name + "provider"))
        .findFirst()
        .orElse("unknown");
  }

  private static String sentence(String what, Throwable thrown) {
    Throwable e =
        thrown instanceof ExceptionInInitializerError && thrown.getCause() != null
            ? thrown.getCause()
            : thrown;
    String message = e.getMessage();
    String why =
        switch (e) {
          case LaminaException told -> message;
          case ServiceConfigurationError told ->
              message.replace(BackendProvider.class.getName() + ": ", "");
          default -> e.getClass().getSimpleName() + (message == null ? "" : " (" + message + ")");
        };
    return what + ": " + why;
  }

  /** Collects what is found, one provider at a time, each guarded. */
  private static final class Search {
    private final DeviceOptions options;
    private final List<FoundBackend> found = new ArrayList<>();
    private final Set<String> ids = new HashSet<>();

    Search(DeviceOptions options) {
      this.options = options;
    }

    void failed(String backend, String what, Throwable e) {
      put(new FoundBackend(backend, Optional.empty(), List.of(), List.of(sentence(what, e))));
    }

    void add(ServiceLoader.Provider<BackendProvider> entry) {
      String guess = "unknown";
      BackendProvider provider;
      try {
        guess = guessName(entry.type().getName());
        provider = entry.get();
      } catch (Throwable e) {
        failed(guess, "the provider did not load", e.getCause() == null ? e : e.getCause());
        return;
      }
      add(provider);
    }

    void add(BackendProvider provider) {
      String name = guessName(provider.getClass().getName());
      Capabilities capabilities;
      try {
        name = provider.name().toLowerCase(Locale.ROOT);
        capabilities = provider.capabilities();
      } catch (Throwable e) {
        failed(name, "the provider does not say what it can do", e);
        return;
      }
      List<Device> devices = new ArrayList<>();
      List<String> reasons = new ArrayList<>();
      try {
        Discovery discovery = provider.discover(options);
        reasons.addAll(discovery.reasons());
        for (Device device : discovery.devices()) {
          check(device, devices, reasons);
        }
      } catch (Throwable e) {
        reasons.add(sentence("the search for devices failed", e));
      }
      if (devices.isEmpty() && reasons.isEmpty()) {
        reasons.add("no device found");
      }
      put(new FoundBackend(name, Optional.ofNullable(capabilities), devices, reasons));
    }

    private void check(Device device, List<Device> devices, List<String> reasons) {
      try {
        String id = device.info().id();
        if (!ids.add(id.toLowerCase(Locale.ROOT))) {
          reasons.add("a second device named " + id + " was left out");
          closeQuietly(device);
          return;
        }
        devices.add(device);
      } catch (Throwable e) {
        reasons.add(sentence("a device was left out", e));
        closeQuietly(device);
      }
    }

    /** Gives a search that found no CPU device the scalar one, which needs nothing. */
    Backends end() {
      boolean cpu =
          found.stream()
              .flatMap(f -> f.devices().stream())
              .anyMatch(d -> d.info().kind() == DeviceInfo.Kind.CPU);
      if (!cpu) {
        List<String> reasons = new ArrayList<>();
        found.stream()
            .filter(f -> f.name().equals("cpu"))
            .forEach(f -> reasons.addAll(f.reasons()));
        found.removeIf(f -> f.name().equals("cpu"));
        if (reasons.isEmpty()) {
          reasons.add("no SIMD backend in this build; plain Java loops run instead");
        }
        put(
            new FoundBackend(
                "cpu",
                Optional.of(ReferenceDevice.CAPABILITIES),
                List.of(ReferenceDevice.create(String.join("; ", reasons))),
                reasons));
      }
      return new Backends(found);
    }

    /** Keeps the order of {@link #KNOWN}, others behind in the order of their finding. */
    private void put(FoundBackend backend) {
      int at = 0;
      while (at < found.size() && rank(found.get(at).name()) <= rank(backend.name())) {
        at++;
      }
      found.add(at, backend);
    }

    private static int rank(String name) {
      int rank = KNOWN.indexOf(name);
      return rank < 0 ? KNOWN.size() : rank;
    }
  }
}
