package dev.lamina.backend.testing;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.function.Executable;

/** Named tests in the making. */
final class Cases {
  private final List<DynamicTest> tests = new ArrayList<>();

  void add(String name, Executable body) {
    tests.add(DynamicTest.dynamicTest(name, body));
  }

  List<DynamicTest> tests() {
    return tests;
  }
}
