package dev.lamina.choose;

/**
 * A model in one type: a file, or the parts of a split one.
 *
 * @param name the file's name; of a split one that of the first part
 * @param quant its type; null: the name does not tell
 * @param bytes of all parts
 * @param parts how many files it is
 */
public record ModelFile(String name, Quant quant, long bytes, int parts) {
  /** The type, or what stands in its place in a table. */
  public String type() {
    return quant == null ? "?" : quant.name();
  }
}
