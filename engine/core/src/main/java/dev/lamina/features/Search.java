package dev.lamina.features;

import dev.lamina.LaminaException;
import dev.lamina.backend.BackendProvider;
import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceInfo;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import dev.lamina.backend.reference.ReferenceDevice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;

/**
 * Collects what providers find, each guarded. Drivers take their time to start, and a broken one
 * may never answer: all are searched at once, each in a thread of its own, which is left behind
 * when patience ends.
 */
final class Search {
  /** Far above what a machine with many cards takes to start its driver. */
  static final Duration PATIENCE = Duration.ofSeconds(30);

  private final DeviceOptions options;
  private final Predicate<String> searched;
  private final Duration patience;
  private final List<Pending> pending = new ArrayList<>();
  private final List<FoundBackend> found = new ArrayList<>();
  private final Set<String> ids = new HashSet<>();

  /** A provider whose devices are being looked for. */
  private record Pending(
      String name, Optional<Capabilities> capabilities, CompletableFuture<Discovery> discovery) {}

  Search(DeviceOptions options, Predicate<String> searched, Duration patience) {
    this.options = options;
    this.searched = searched;
    this.patience = patience;
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
    CompletableFuture<Discovery> discovery = new CompletableFuture<>();
    if (name.equals("cpu")) {
      discover(provider, discovery);
    } else if (searched.test(name)) {
      Thread.ofPlatform()
          .daemon()
          .name("lamina-search-" + name)
          .start(() -> discover(provider, discovery));
    } else {
      discovery.complete(Discovery.none("not searched for devices: no layer is to go to a GPU"));
    }
    pending.add(new Pending(name, Optional.ofNullable(capabilities), discovery));
  }

  private void discover(BackendProvider provider, CompletableFuture<Discovery> result) {
    try {
      Discovery discovery = provider.discover(options);
      if (!result.complete(discovery)) {
        // nobody waits any more
        discovery.devices().forEach(Search::closeQuietly);
      }
    } catch (Throwable e) {
      result.completeExceptionally(e);
    }
  }

  /** Waits for all; gives a search that found no CPU device the scalar one, which needs nothing. */
  Backends end() {
    long deadline = System.nanoTime() + patience.toNanos();
    for (Pending one : pending) {
      List<Device> devices = new ArrayList<>();
      List<String> reasons = new ArrayList<>();
      try {
        Discovery discovery = await(one.discovery(), deadline - System.nanoTime());
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
      put(new FoundBackend(one.name(), one.capabilities(), devices, reasons));
    }
    addScalarDevice();
    return new Backends(found);
  }

  private Discovery await(CompletableFuture<Discovery> discovery, long nanos) throws Throwable {
    try {
      return discovery.get(Math.max(0, nanos), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw e.getCause();
    } catch (TimeoutException e) {
      LaminaException late =
          new LaminaException(
              "the driver did not answer within "
                  + patience.toMillis() / 1000.0
                  + " s; the run goes on without it");
      if (discovery.completeExceptionally(late)) {
        throw late;
      }
      return discovery.join();
    }
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

  private void addScalarDevice() {
    boolean cpu =
        found.stream()
            .flatMap(f -> f.devices().stream())
            .anyMatch(d -> d.info().kind() == DeviceInfo.Kind.CPU);
    if (cpu) {
      return;
    }
    List<String> reasons = new ArrayList<>();
    found.stream().filter(f -> f.name().equals("cpu")).forEach(f -> reasons.addAll(f.reasons()));
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

  /** Keeps the order of {@link Backends#KNOWN}, others behind in the order of their finding. */
  private void put(FoundBackend backend) {
    int at = 0;
    while (at < found.size() && rank(found.get(at).name()) <= rank(backend.name())) {
      at++;
    }
    found.add(at, backend);
  }

  private static int rank(String name) {
    int rank = Backends.KNOWN.indexOf(name);
    return rank < 0 ? Backends.KNOWN.size() : rank;
  }

  static void closeQuietly(Device device) {
    try {
      device.close();
    } catch (RuntimeException | LinkageError e) {
      // Nothing can be done with a device that does not even close; its process memory goes with
      // the process.
    }
  }

  /** The known backend whose name stands in a class name or message, else "unknown". */
  static String guessName(String text) {
    String lower = text.toLowerCase(Locale.ROOT).replace('/', '.');
    return Backends.KNOWN.stream()
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
}
