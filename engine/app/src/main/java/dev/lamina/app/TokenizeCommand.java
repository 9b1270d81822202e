package dev.lamina.app;

import dev.lamina.gguf.GgufFile;
import dev.lamina.tokenizer.Tokenizer;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lamina tokenize}: a text's tokens, with the flags of llama-tokenize. */
@Command(
    name = "tokenize",
    description = "Show the tokens of a text, which is given by -p or -f, or read from stdin.")
final class TokenizeCommand implements Runnable {

  @Spec private CommandSpec spec;

  @Mixin private FileFlags file;

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "TEXT",
      description = "The text.")
  private String prompt;

  @Option(
      names = {"-f", "--file"},
      paramLabel = "FILE",
      description = "A file with the text; '-' for stdin.")
  private String textFile;

  @Option(names = "--ids", description = "Print only the numbers, as a list.")
  private boolean ids;

  @Option(names = "--no-bos", description = "Add no token at the beginning or end.")
  private boolean noBos;

  @Option(
      names = "--no-parse-special",
      description = "Take the names of special tokens in the text as text.")
  private boolean noParseSpecial;

  @Option(names = "--show-count", description = "Print the number of tokens at the end.")
  private boolean count;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    Tokenizer tokenizer;
    // Nothing of the file is used once the vocabulary is read.
    try (GgufFile gguf = GgufFile.open(file.file(spec))) {
      tokenizer = Tokenizer.of(gguf.metadata());
    }
    tokenizer.warnings().forEach(w -> Notes.tell(spec.commandLine().getErr(), w));
    String text = Input.text(spec, prompt, textFile).orElseGet(() -> Input.stdin(spec));
    int[] tokens = tokenizer.encode(text, !noBos, !noParseSpecial);
    if (json) {
      Json.print(out, describe(tokenizer, tokens));
    } else if (ids) {
      out.println(Arrays.toString(tokens));
    } else {
      for (int id : tokens) {
        out.printf("%6d -> '%s'%n", id, Text.printable(tokenizer.piece(id), 1000));
      }
    }
    if (count && !json) {
      out.println("Total number of tokens: " + tokens.length);
    }
  }

  private static Map<String, Object> describe(Tokenizer tokenizer, int[] tokens) {
    List<Object> entries = new ArrayList<>();
    for (int id : tokens) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("id", id);
      entry.put("piece", tokenizer.piece(id));
      entry.put("special", tokenizer.isSpecial(id));
      entries.add(entry);
    }
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("count", tokens.length);
    all.put("tokens", entries);
    return all;
  }
}
