package dev.lamina.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class LoadBarTest {

  @Test
  void aShortLoadShowsNothing() {
    var err = new StringWriter();
    try (var bar = new LoadBar(new PrintWriter(err), true)) {
      bar.loaded(1, 2);
      bar.loaded(2, 2);
    }
    assertEquals("", err.toString());
  }

  @Test
  void theBarSaysHowFarItIs() {
    assertEquals(
        "loading [" + "#".repeat(7) + " ".repeat(23) + "]  25 %  1.00 GiB of 4.00 GiB ",
        LoadBar.line(1L << 30, 4L << 30));
    assertEquals(
        "loading [" + "#".repeat(30) + "] 100 %  4.00 GiB of 4.00 GiB ",
        LoadBar.line(4L << 30, 4L << 30));
  }
}
