package dev.lamina.cpu.code;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lamina.cpu.code.ArmAssembler.Size;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each instruction against the word that GNU as gives for it. {@code arm-instructions.txt} has a
 * line of text and word for each; where {@code aarch64-linux-gnu-as} is installed, that table
 * itself is checked. To make it anew, run {@link #main} with the name of the file.
 */
class ArmAssemblerTest {
  private static final String AS = "aarch64-linux-gnu-as";

  private interface Code {
    void write(ArmAssembler asm);
  }

  private final Map<String, Integer> all = new LinkedHashMap<>();

  private static int[] words(Code code) {
    ArmAssembler asm = new ArmAssembler();
    code.write(asm);
    int[] words = new int[asm.size() / 4];
    ByteBuffer.wrap(asm.finish()).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(words);
    return words;
  }

  private void put(String text, Code code) {
    int[] words = words(code);
    assertEquals(1, words.length, text);
    all.put(text, words[0]);
  }

  private void vectors(Neon op) {
    int[][] choices = {{1, 2, 3}, {9, 14, 31}, {31, 16, 8}};
    for (int[] r : choices) {
      String t = "v" + r[0] + "." + op.target;
      String n = "v" + r[1] + "." + op.source;
      String m = "v" + r[2] + "." + op.source;
      switch (op.form) {
        case THREE ->
            put(op.mnemonic + " " + t + ", " + n + ", " + m, a -> a.op(op, r[0], r[1], r[2]));
        case TABLE ->
            put(op.mnemonic + " " + t + ", {" + n + "}, " + m, a -> a.op(op, r[0], r[1], r[2]));
        case TWO -> put(op.mnemonic + " " + t + ", " + n, a -> a.op(op, r[0], r[1]));
        case ACROSS -> put(op.mnemonic + " s" + r[0] + ", " + n, a -> a.op(op, r[0], r[1]));
        case RIGHT, LEFT -> {
          boolean left = op.form == Neon.Form.LEFT;
          for (int count : new int[] {left ? 0 : op.laneBits(), 1, 3, op.laneBits() - 1}) {
            put(
                op.mnemonic + " " + t + ", " + n + ", #" + count,
                a -> a.shift(op, r[0], r[1], count));
          }
        }
        case ELEMENT -> {
          String lanes = op == Neon.SDOT_ELEMENT ? ".4b[" : ".s[";
          for (int lane = 0; lane < 4; lane++) {
            int which = lane;
            put(
                op.mnemonic + " " + t + ", " + n + ", v" + r[2] + lanes + lane + "]",
                a -> a.element(op, r[0], r[1], r[2], which));
          }
        }
      }
    }
  }

  private void memory(Size size) {
    String letter = size.name().toLowerCase(Locale.ROOT);
    int bytes = Map.of(Size.W, 4, Size.X, 8, Size.S, 4, Size.D, 8, Size.Q, 16).get(size);
    for (int disp : new int[] {0, bytes, 4095 * bytes, -bytes, -256, 255, 33}) {
      boolean scaled = disp >= 0 && disp % bytes == 0;
      for (int base : new int[] {7, 31}) {
        String address = "[" + (base == 31 ? "sp" : "x" + base) + ", #" + disp + "]";
        String suffix = " " + letter + "29, " + address.replace(", #0]", "]");
        put((scaled ? "ldr" : "ldur") + suffix, a -> a.load(size, 29, base, disp));
        put((scaled ? "str" : "stur") + suffix, a -> a.store(size, 29, base, disp));
      }
    }
  }

  /** What is assembled, by its text. */
  private Map<String, Integer> instructions() {
    for (Neon op : Neon.values()) {
      vectors(op);
    }
    for (Size size : Size.values()) {
      memory(size);
    }
    put("dc cvau, x3", a -> a.cleanData(3));
    put("ic ivau, x30", a -> a.discardInstructions(30));
    put("dsb ish", ArmAssembler::dataBarrier);
    put("isb", ArmAssembler::instructionBarrier);
    put("ret", ArmAssembler::ret);
    put("mov x3, x17", a -> a.mov(3, 17));
    put("mov x4, #65535", a -> a.mov32(4, 65535));
    put("mov x20, #0", a -> a.mov32(20, 0));
    put("add x5, x6, x30", a -> a.add(5, 6, 30));
    put("add x5, x6, #0", a -> a.addImm(5, 6, 0));
    put("add x5, x6, #4095", a -> a.addImm(5, 6, 4095));
    put("sub x5, x6, #4095", a -> a.addImm(5, 6, -4095));
    put("add sp, sp, #64", a -> a.addImm(ArmAssembler.SP, ArmAssembler.SP, 64));
    put("sub sp, sp, #1, lsl #12", a -> a.addImm(ArmAssembler.SP, ArmAssembler.SP, -4096));
    put("ldr s9, [x17, w3, uxtw #2]", a -> a.loadIndexed(9, 17, 3));
    put("prfm pldl1keep, [x1, #768]", a -> a.prefetch(1, 768));
    put("prfm pldl2keep, [x29, #32760]", a -> a.prefetchSecond(29, 32760));
    for (int value : new int[] {0, 1, 15, 128, 255}) {
      put("movi v30.16b, #" + value, a -> a.splatByte(30, value));
    }
    put("mov v30.16b, v7.16b", a -> a.move(30, 7));
    for (int lane = 0; lane < 4; lane++) {
      int l = lane;
      put("dup v30.4s, v7.s[" + l + "]", a -> a.broadcast(30, 7, l));
      put("mov w30, v7.s[" + l + "]", a -> a.extract(30, 7, l));
      put("mov v30.s[" + l + "], v7.s[0]", a -> a.insert(30, l, 7));
    }
    return all;
  }

  private static Map<String, Integer> table() throws IOException {
    Map<String, Integer> table = new LinkedHashMap<>();
    try (InputStream in = ArmAssemblerTest.class.getResourceAsStream("arm-instructions.txt")) {
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
        String[] parts = line.split(" \\| ");
        table.put(parts[0], Integer.parseUnsignedInt(parts[1], 16));
      }
    }
    return table;
  }

  @Test
  void instructionsAreThoseOfTheTable() throws IOException {
    Map<String, Integer> table = table();
    Map<String, Integer> ours = instructions();
    assertEquals(table.keySet(), ours.keySet());
    ours.forEach(
        (text, word) ->
            assertEquals(Integer.toHexString(table.get(text)), Integer.toHexString(word), text));
  }

  /** What GNU as makes of lines, or null where it is not installed. */
  private static List<Integer> assembled(Path folder, List<String> lines)
      throws IOException, InterruptedException {
    Path source = folder.resolve("a.s");
    Path listing = folder.resolve("a.lst");
    List<String> text = new ArrayList<>(List.of(".arch armv8.6-a"));
    text.addAll(lines);
    Files.write(source, text);
    Process as;
    try {
      as =
          new ProcessBuilder(
                  AS, "-al=" + listing, "-o", folder.resolve("a.o").toString(), source.toString())
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      return null;
    }
    String said = new String(as.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, as.waitFor(), said);
    List<Integer> words = new ArrayList<>();
    for (String line : Files.readAllLines(listing)) {
      String[] parts = line.strip().split("[ \t]+", 4);
      if (parts.length == 4 && parts[1].matches("[0-9a-f]{4}") && parts[2].matches("[0-9A-F]{8}")) {
        words.add(Integer.reverseBytes(Integer.parseUnsignedInt(parts[2], 16)));
      }
    }
    assertEquals(lines.size(), words.size());
    return words;
  }

  @Test
  void tableIsWhatGnuAsSays(@TempDir Path folder) throws IOException, InterruptedException {
    Map<String, Integer> table = table();
    List<Integer> words = assembled(folder, List.copyOf(table.keySet()));
    Assumptions.assumeTrue(words != null, AS + " is not installed");
    assertEquals(List.copyOf(table.values()), words);
  }

  /**
   * What is more than one instruction, or has a label. The words are from GNU as, for this text
   * (after {@code ret}, the data, each part of them aligned to 64):
   *
   * <pre>
   * sub sp, sp, #80; stp d8, d9, [sp]; stp d10, d11, [sp, #16]; stp d12, d13, [sp, #32]
   * stp d14, d15, [sp, #48]; stp x19, x20, [sp, #64]; 1: mov x1, #0x5678
   * movk x1, #0x1234, lsl #16; add x2, x3, #3, lsl #12; add x2, x2, #5; subs x4, x4, #1
   * b.ne 1b; adr x9, 2f; ldr q17, 3f; ldp d8, d9, [sp]; ldp d10, d11, [sp, #16]
   * ldp d12, d13, [sp, #32]; ldp d14, d15, [sp, #48]; ldp x19, x20, [sp, #64]
   * add sp, sp, #80; ret
   * </pre>
   */
  @Test
  void sequences() {
    ArmAssembler asm = new ArmAssembler();
    asm.enter(2);
    Label loop = new Label();
    asm.bind(loop);
    asm.mov32(1, 0x12345678);
    asm.addImm(2, 3, 3 * 4096 + 5);
    asm.loop(4, loop);
    asm.address(9, asm.table(new int[] {7, 7, 7, 7}));
    asm.splat(17, 0x01020304);
    asm.leave(2);
    byte[] ours = asm.finish();
    String expected =
        "d10143ff 6d0027e8 6d012fea 6d0237ec 6d033fee a90453f3 d28acf01 f2a24681 91400c62 91001442"
            + " f1000484 54ffff61 10000289 9c000471 6d4027e8 6d412fea 6d4237ec 6d433fee a94453f3"
            + " 910143ff d65f03c0";
    StringBuilder words = new StringBuilder();
    ByteBuffer code = ByteBuffer.wrap(ours).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 21; i++) {
      words.append(i == 0 ? "" : " ").append("%08x".formatted(code.getInt(4 * i)));
    }
    assertEquals(expected, words.toString());
    assertEquals(7, code.getInt(128));
    assertEquals(0x01020304, code.getInt(192 + 12));
  }

  @Test
  void whatCannotBeCodedIsRefused() {
    ArmAssembler asm = new ArmAssembler();
    assertThrows(IllegalArgumentException.class, () -> asm.load(Size.Q, 1, 2, 257));
    assertThrows(IllegalArgumentException.class, () -> asm.load(Size.X, 1, 2, -257));
    assertThrows(IllegalArgumentException.class, () -> asm.store(Size.W, 1, 2, 4 * 4096));
    assertThrows(IllegalArgumentException.class, () -> asm.addImm(1, 2, 1 << 24));
    assertThrows(IllegalArgumentException.class, () -> asm.prefetch(1, 1 << 15));
    assertThrows(IllegalArgumentException.class, () -> asm.shift(Neon.USHR_16B, 1, 2, 9));
    assertThrows(IllegalArgumentException.class, () -> asm.shift(Neon.SHL_4S, 1, 2, 32));
    assertThrows(IllegalArgumentException.class, () -> asm.op(Neon.SDOT_ELEMENT, 1, 2, 3));
    assertEquals(0, asm.size());
    asm.loop(1, new Label());
    assertThrows(IllegalStateException.class, asm::finish);
    ArmAssembler far = new ArmAssembler();
    Label label = new Label();
    far.bind(label);
    for (int i = 0; i < 1 << 18; i++) {
      far.ret();
    }
    far.loop(1, label);
    assertThrows(IllegalArgumentException.class, far::finish);
  }

  /** Writes the table as GNU as says it. */
  public static void main(String[] args) throws IOException, InterruptedException {
    List<String> texts = List.copyOf(new ArmAssemblerTest().instructions().keySet());
    List<Integer> words = assembled(Files.createTempDirectory("as"), texts);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      lines.add(texts.get(i) + " | " + "%08x".formatted(words.get(i)));
    }
    Files.write(Path.of(args[0]), lines);
  }
}
