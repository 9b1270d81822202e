package dev.lamina.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.chat.Message;
import dev.lamina.features.FeatureMatrix;
import dev.lamina.session.GenerateOptions;
import dev.lamina.session.LoadOptions;
import dev.lamina.session.Model;
import dev.lamina.session.Session;
import dev.lamina.session.Token;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The library in the lines that the README shows. */
class LibraryExampleTest {
  @Test
  void linesOfTheReadmeRun() {
    Path file = DemoModel.file();
    StringBuilder out = new StringBuilder();
    // README begins
    try (Model model = Model.load(file, LoadOptions.DEFAULT.withGpuLayers(20));
        Session session = model.newSession()) {
      List<Message> messages = List.of(Message.user("Tell me a story about a fox."));
      for (Token token : session.chat(messages, GenerateOptions.DEFAULT.withMaxTokens(50))) {
        out.append(token.text());
      }
      FeatureMatrix matrix = FeatureMatrix.of(model.backends());
      out.append(matrix.query("vulkan", "IQ3_S").state());
    }
    // README ends
    assertTrue(out.length() > 60 && out.toString().endsWith("NO"), out.toString());
  }

  @Test
  void readmeShowsTheseLines() throws IOException {
    Path root = Path.of("").toAbsolutePath().getParent().getParent();
    String source =
        Files.readString(
            root.resolve("engine/app/src/test/java/dev/lamina/app/LibraryExampleTest.java"));
    String example =
        source.substring(
            source.indexOf("// README begins\n") + 17, source.indexOf("    // README ends"));
    String shown = Files.readString(root.resolve("README.md"));
    assertEquals(
        example
            .replace("out.append(token.text())", "System.out.print(token.text())")
            .replace(
                "out.append(matrix.query(\"vulkan\", \"IQ3_S\").state())",
                "System.out.println(matrix.query(\"vulkan\", \"IQ3_S\").state())")
            .stripTrailing()
            .stripIndent()
            .strip(),
        shown
            .substring(
                shown.indexOf("```java\n") + 8, shown.indexOf("\n```", shown.indexOf("```java\n")))
            .strip());
  }
}
