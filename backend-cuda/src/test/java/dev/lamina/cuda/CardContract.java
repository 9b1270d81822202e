package dev.lamina.cuda;

import dev.lamina.backend.Device;
import dev.lamina.backend.DeviceOptions;
import dev.lamina.backend.Discovery;
import dev.lamina.backend.testing.BackendContract;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * What every device must do, on the first card of the driver that is there, without a runner of
 * tests: for machines that have a card and nothing else. {@code .ci/bench-gpu --contract} runs it,
 * each part in a process of its own, since a kernel's failure may end a process's use of the card.
 */
final class CardContract extends CudaContractTest {
  @Override
  protected Device open() {
    Discovery found = new CudaBackendProvider().discover(DeviceOptions.DEFAULT);
    if (found.devices().isEmpty()) {
      throw new IllegalStateException("there is no card: " + found.reasons());
    }
    return found.devices().getFirst();
  }

  /** Runs the parts with these names; without names, prints those that there are. */
  public static void main(String[] names) throws ReflectiveOperationException {
    List<Method> parts =
        Arrays.stream(BackendContract.class.getDeclaredMethods())
            .filter(method -> method.isAnnotationPresent(TestFactory.class))
            .toList();
    if (names.length == 0) {
      parts.forEach(part -> System.out.println(part.getName()));
      return;
    }
    int failed = 0;
    for (Method part : parts) {
      if (Arrays.asList(names).contains(part.getName())) {
        failed += run(part);
      }
    }
    System.exit(failed == 0 ? 0 : 1);
  }

  private static int run(Method part) throws ReflectiveOperationException {
    CardContract contract = new CardContract();
    for (Method method : BackendContract.class.getDeclaredMethods()) {
      if (method.isAnnotationPresent(BeforeAll.class)) {
        invoke(method, contract);
      }
    }
    int passed = 0;
    int failed = 0;
    for (Object test : (List<?>) invoke(part, contract)) {
      DynamicTest one = (DynamicTest) test;
      try {
        one.getExecutable().execute();
        passed++;
      } catch (Throwable e) {
        failed++;
        System.out.println(part.getName() + ": " + one.getDisplayName() + ": " + e.getMessage());
      }
    }
    System.out.printf("%s: %d of %d passed%n", part.getName(), passed, passed + failed);
    return failed;
  }

  private static Object invoke(Method method, Object on) throws ReflectiveOperationException {
    method.setAccessible(true);
    try {
      return method.invoke(on);
    } catch (InvocationTargetException e) {
      throw new IllegalStateException(method.getName() + " fails", e.getCause());
    }
  }
}
