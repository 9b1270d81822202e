package dev.lamina.backend.testing;

import dev.lamina.backend.BackendProvider;
import dev.lamina.backend.Capabilities;
import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import dev.lamina.backend.Op;
import dev.lamina.backend.Support;
import dev.lamina.gguf.GgmlType;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A backend of made-up devices.
 *
 * @param name the backend's name
 * @param supports what its kernels can do
 * @param search gives the devices, or throws: some drivers do, whatever the interface asks of a
 *     provider
 */
public record FakeProvider(String name, Function<Op, Support> supports, Supplier<Discovery> search)
    implements BackendProvider {
  /** A backend that can do everything and has these devices. */
  public static FakeProvider of(String name, FakeGpu... devices) {
    List<Device> found = List.of(devices);
    return new FakeProvider(name, op -> Support.FULL, () -> new Discovery(found, List.of()));
  }

  /** A backend whose driver is missing. */
  public static FakeProvider none(String name, String reason) {
    return new FakeProvider(name, op -> Support.FULL, () -> Discovery.none(reason));
  }

  /** A backend whose search fails with an exception, or an error such as a {@link LinkageError}. */
  public static FakeProvider failing(String name, Throwable failure) {
    return new FakeProvider(
        name,
        op -> Support.FULL,
        () -> {
          switch (failure) {
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalArgumentException(failure);
          }
        });
  }

  @Override
  public Capabilities capabilities() {
    return new Capabilities() {
      @Override
      public Support supports(Op op) {
        return supports.apply(op);
      }

      @Override
      public Set<GgmlType> repacked() {
        return Set.of();
      }
    };
  }

  @Override
  public Discovery discover(DeviceOptions options) {
    return search.get();
  }
}
