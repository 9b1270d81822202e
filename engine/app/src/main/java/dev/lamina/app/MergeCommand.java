package dev.lamina.app;

import dev.lamina.LaminaException;
import dev.lamina.gguf.GgufFile;
import dev.lamina.gguf.Splitting;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lamina merge}: the parts of a split model in one file. */
@Command(name = "merge", description = "Bring the parts of a split model together in one file.")
final class MergeCommand implements Runnable {

  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "IN", description = "Any part of the split model.")
  private Path in;

  @Parameters(index = "1", paramLabel = "OUT", description = "What to write; must not exist yet.")
  private Path out;

  @Override
  public void run() {
    if (Files.exists(out)) {
      throw new LaminaException(out + ": there is such a file already; choose another name");
    }
    PrintWriter err = spec.commandLine().getErr();
    try (GgufFile file = GgufFile.open(in)) {
      try (var bar = new SplitCommand.CopyBar(err, "merging")) {
        Splitting.merge(file, out, bar);
      }
      int parts = file.parts().size();
      Notes.tell(
          err,
          "wrote %s: %d tensors of %d %s"
              .formatted(out, file.tensors().size(), parts, parts == 1 ? "file" : "files"));
    }
  }
}
