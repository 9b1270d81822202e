package dev.lamina.cpu.code;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each instruction against the bytes that GNU as gives for it. {@code instructions.txt} has a line
 * of text and bytes for each; where {@code as} is installed, that table itself is checked.
 */
class AssemblerTest {
  private static final String[] GENERAL = {
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
    "r14", "r15"
  };

  /** Displacements with and without the short form, scaled or not. */
  private static final int[] DISPLACEMENTS = {0, 508, -128, 4096};

  /** What is assembled, by its text in Intel's syntax. */
  private static Map<String, byte[]> instructions() {
    Map<String, byte[]> all = new LinkedHashMap<>();
    for (Vop op : Vop.values()) {
      for (int bits : new int[] {128, 256, 512}) {
        vectors(all, op, bits);
      }
    }
    general(all);
    return all;
  }

  private interface Code {
    void write(Assembler asm);
  }

  private static void put(Map<String, byte[]> all, String text, Code code) {
    Assembler asm = new Assembler();
    code.write(asm);
    int size = asm.size();
    byte[] bytes = new byte[size];
    System.arraycopy(asm.finish(), 0, bytes, 0, size);
    all.put(text, bytes);
  }

  private static void vectors(Map<String, byte[]> all, Vop op, int bits) {
    boolean scalar = op == Vop.VMOVSS_STORE || op == Vop.VPEXTRW;
    if (scalar && bits != 128
        || op == Vop.VEXTRACTI32X8 && bits != 512
        || bits == 512 && !op.hasEvex()
        || (op == Vop.VPERMD || op == Vop.VPERMQ || op == Vop.VEXTRACTI128) && bits == 128) {
      return;
    }
    int[][] choices = {{1, 2, 3}, {9, 10, 11}, {17, 26, 31}};
    for (int[] r : choices) {
      boolean far = r[0] > 15;
      if (far && !op.hasEvex()) {
        continue;
      }
      if (!scalar && op != Vop.VMOVUPS_STORE && op != Vop.VPGATHERDD) {
        registers(all, op, bits, r);
      }
      if (op == Vop.VPGATHERDD) {
        put(
            all,
            "vpgatherdd %s, dword ptr [r9+%s*1+8], %s"
                .formatted(vector(r[0], bits), vector(r[2], bits), vector(r[1], bits)),
            asm -> asm.op(op, bits, r[0], r[1], Mem.gather(9, r[2], 8)));
        continue;
      }
      for (int disp : r == choices[1] ? new int[] {16} : DISPLACEMENTS) {
        memory(all, op, bits, r, 6, disp);
      }
      if (op == Vop.VPADDD) {
        // bases that are coded in another way
        for (int base : new int[] {4, 5, 12, 13}) {
          memory(all, op, bits, r, base, 0);
          memory(all, op, bits, r, base, 64);
        }
      }
    }
  }

  private static boolean immediate(Vop op) {
    return op.form == Vop.Form.SHIFT
        || op == Vop.VPSHUFD
        || op == Vop.VPERMQ
        || extracts(op)
        || op == Vop.VREDUCEPS
        || op == Vop.VPTERNLOGD;
  }

  private static boolean extracts(Vop op) {
    return op == Vop.VEXTRACTI128 || op == Vop.VEXTRACTI32X8 || op == Vop.VCVTPS2PH;
  }

  /** How GNU as spells it, with the coding that is chosen here. */
  private static String name(Vop op, boolean evex) {
    String name = op.name().toLowerCase(Locale.ROOT).replace("_store", "");
    if (evex) {
      return switch (op) {
        case VPAND, VPANDN, VPOR, VPXOR -> name + "d";
        default -> name;
      };
    }
    return op == Vop.VPDPBUSD ? "{vex} " + name : "{vex3} " + name;
  }

  private static void registers(Map<String, byte[]> all, Vop op, int bits, int[] r) {
    boolean evex = bits == 512 || r[0] > 15 || !op.hasVex();
    String text = name(op, evex) + " ";
    int source = bits;
    int target = bits;
    switch (op.tuple) {
      case HALF_MEM -> source = Math.max(128, bits / 2);
      case QUARTER_MEM -> source = 128;
      case SCALAR -> source = 128;
      default -> {}
    }
    if (extracts(op)) {
      target = Math.max(128, bits / 2);
      source = bits;
      String extract = text + vector(r[1], target) + ", " + vector(r[0], source) + ", 1";
      put(all, extract, asm -> asm.opImm(op, bits, r[0], r[1], 1));
      return;
    }
    text += vector(r[0], target) + ", ";
    if (op.form == Vop.Form.THREE) {
      text += vector(r[1], bits) + ", " + vector(r[2], bits);
      if (immediate(op)) {
        put(all, text + ", 17", asm -> asm.opImm(op, bits, r[0], r[1], r[2], 17));
      } else {
        put(all, text, asm -> asm.op(op, bits, r[0], r[1], r[2]));
      }
    } else if (immediate(op)) {
      put(all, text + vector(r[2], source) + ", 17", asm -> asm.opImm(op, bits, r[0], r[2], 17));
    } else {
      put(all, text + vector(r[2], source), asm -> asm.op(op, bits, r[0], r[2]));
    }
  }

  private static void memory(
      Map<String, byte[]> all, Vop op, int bits, int[] r, int base, int disp) {
    if (op == Vop.VPTERNLOGD
        || extracts(op) && op != Vop.VCVTPS2PH
        || op == Vop.VPSHUFD
        || op == Vop.VREDUCEPS
        || op == Vop.VPERMQ) {
      return; // used with registers alone
    }
    boolean evex = bits == 512 || r[0] > 15 || !op.hasVex() || op.form == Vop.Form.SHIFT;
    String place = "[" + GENERAL[base] + (disp < 0 ? "" : "+") + disp + "]";
    String plain =
        switch (op.tuple) {
          case FULL, FULL_MEM -> size(bits);
          case HALF_MEM -> size(bits / 2);
          case QUARTER_MEM -> size(bits / 4);
          case SCALAR -> "dword";
        };
    String text = name(op, evex) + " ";
    String memory = plain + " ptr " + place;
    if (op == Vop.VCVTPS2PH || op == Vop.VPEXTRW) {
      String stored = op == Vop.VPEXTRW ? "word ptr " + place : memory;
      put(
          all,
          text + stored + ", " + vector(r[0], bits) + ", 3",
          asm -> asm.opImm(op, bits, r[0], Mem.at(base, disp), 3));
      return;
    }
    if (op == Vop.VMOVUPS_STORE || op == Vop.VMOVSS_STORE) {
      put(
          all,
          text + memory + ", " + vector(r[0], bits),
          asm -> asm.op(op, bits, r[0], Mem.at(base, disp)));
      return;
    }
    text += vector(r[0], bits) + ", ";
    switch (op.form) {
      case TWO -> put(all, text + memory, asm -> asm.op(op, bits, r[0], Mem.at(base, disp)));
      case SHIFT ->
          put(all, text + memory + ", 3", asm -> asm.opImm(op, bits, r[0], Mem.at(base, disp), 3));
      case THREE -> {
        String three = text + vector(r[1], bits) + ", ";
        put(all, three + memory, asm -> asm.op(op, bits, r[0], r[1], Mem.at(base, disp)));
        if (op.tuple == Vop.Tuple.FULL && op.hasEvex() && op.wide() == 0) {
          String each =
              name(op, true) + " " + vector(r[0], bits) + ", " + vector(r[1], bits) + ", ";
          put(
              all,
              each + "dword bcst " + place,
              asm -> asm.op(op, bits, r[0], r[1], Mem.broadcast(base, disp)));
        }
      }
    }
  }

  private static String size(int bits) {
    return switch (bits) {
      case 32 -> "dword";
      case 64 -> "qword";
      case 128 -> "xmmword";
      case 256 -> "ymmword";
      default -> "zmmword";
    };
  }

  private static String vector(int register, int bits) {
    return (bits == 128 ? "xmm" : bits == 256 ? "ymm" : "zmm") + register;
  }

  private static void general(Map<String, byte[]> all) {
    for (int r : new int[] {0, 3, 5, 7, 8, 12, 13, 15}) {
      String name = GENERAL[r];
      put(all, "push " + name, asm -> asm.push(r));
      put(all, "pop " + name, asm -> asm.pop(r));
      put(all, "add " + name + ", 5", asm -> asm.addImm(r, 5));
      put(all, "add " + name + ", -128", asm -> asm.addImm(r, -128));
      if (r != 0) { // as has a shorter form for rax
        put(all, "add " + name + ", 0x1234", asm -> asm.addImm(r, 0x1234));
      }
      for (int s : new int[] {1, 4, 13}) {
        String other = GENERAL[s];
        put(all, "mov " + name + ", " + other, asm -> asm.mov(r, s));
        put(all, "add " + name + ", " + other, asm -> asm.add(r, s));
        put(all, "mov " + name + ", [" + other + "+24]", asm -> asm.load(r, Mem.at(s, 24)));
        put(all, "mov [" + other + "+240], " + name, asm -> asm.store(Mem.at(s, 240), r));
        put(all, "add " + name + ", [" + other + "+8]", asm -> asm.add(r, Mem.at(s, 8)));
      }
      put(all, "prefetcht0 [" + name + "+0x1000]", asm -> asm.prefetch(Mem.at(r, 0x1000)));
      put(all, "prefetcht1 [" + name + "+0x1000]", asm -> asm.prefetchSecond(Mem.at(r, 0x1000)));
    }
    put(all, "mov eax, [rdi+4]", asm -> asm.load32(0, Mem.at(7, 4)));
    put(all, "mov [rdi+4], ebx", asm -> asm.store32(Mem.at(7, 4), 3));
    put(all, "mov r9d, 305419896", asm -> asm.mov32(9, 305419896));
    for (int[] r : new int[][] {{1, 2, 3}, {9, 10, 11}}) {
      put(
          all,
          "{vex3} vpcmpeqd ymm%d, ymm%d, ymm%d; vpgatherdd ymm%d, dword ptr [r14+ymm%d*4], ymm%d"
              .formatted(r[2], r[2], r[2], r[0], r[1], r[2]),
          asm -> asm.gather(256, r[0], r[1], 14, r[2]));
    }
    for (int[] r : new int[][] {{1, 2}, {9, 10}, {17, 26}}) {
      put(
          all,
          "kxnorw k1, k1, k1; vpgatherdd zmm%d{k1}, dword ptr [r14+zmm%d*4]".formatted(r[0], r[1]),
          asm -> asm.gather(512, r[0], r[1], 14, 0));
    }
    put(all, "cpuid", Assembler::cpuid);
    put(all, "xgetbv", Assembler::xgetbv);
    put(all, "ret", Assembler::ret);
    put(all, "syscall", Assembler::syscall);
    tiles(all);
  }

  private static void tiles(Map<String, byte[]> all) {
    put(all, "ldtilecfg [rsi+64]", asm -> asm.tileConfig(Mem.at(6, 64)));
    put(all, "tilerelease", Assembler::tileRelease);
    for (int t : new int[] {0, 7}) {
      put(all, "tilezero tmm" + t, asm -> asm.tileZero(t));
      for (int base : new int[] {2, 5, 12}) {
        for (int stride : new int[] {3, 13}) {
          String place = "[" + GENERAL[base] + "+" + GENERAL[stride] + "*1+640]";
          put(all, "tileloadd tmm" + t + ", " + place, asm -> asm.tileLoad(t, base, stride, 640));
          put(all, "tilestored " + place + ", tmm" + t, asm -> asm.tileStore(base, stride, 640, t));
        }
      }
      put(all, "tdpbssd tmm" + t + ", tmm4, tmm6", asm -> asm.tileProduct(t, 4, 6));
      put(all, "tdpbf16ps tmm" + t + ", tmm4, tmm6", asm -> asm.tileFloatProduct(t, 4, 6));
    }
  }

  private static Map<String, String> table() throws IOException {
    Map<String, String> table = new LinkedHashMap<>();
    try (InputStream in = AssemblerTest.class.getResourceAsStream("instructions.txt")) {
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
        int at = line.indexOf(" | ");
        table.put(line.substring(0, at), line.substring(at + 3));
      }
    }
    return table;
  }

  @Test
  void bytesAreThoseOfGnuAs() throws IOException {
    Map<String, String> table = table();
    Map<String, byte[]> ours = instructions();
    assertEquals(List.copyOf(table.keySet()), List.copyOf(ours.keySet()));
    ours.forEach(
        (text, bytes) -> assertEquals(table.get(text), HexFormat.of().formatHex(bytes), text));
  }

  @Test
  void tableIsWhatGnuAsSays(@TempDir Path folder) throws IOException, InterruptedException {
    Map<String, String> table = table();
    Path source = folder.resolve("a.s");
    Path listing = folder.resolve("a.lst");
    List<String> lines = new ArrayList<>(List.of(".intel_syntax noprefix"));
    table.keySet().forEach(lines::add);
    Files.write(source, lines);
    Process as;
    try {
      as =
          new ProcessBuilder(
                  "as",
                  "-msse2avx",
                  "--listing-lhs-width=4",
                  "-al=" + listing,
                  "-o",
                  folder.resolve("a.o").toString(),
                  source.toString())
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      Assumptions.abort("GNU as is not installed");
      return;
    }
    String said = new String(as.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, as.waitFor(), said);
    int found = 0;
    for (String line : Files.readAllLines(listing)) {
      String[] words = line.strip().split("[ \t]+", 3);
      if (words.length < 3 || !words[0].matches("\\d+") || !words[1].matches("[0-9a-fA-F?]{4}")) {
        continue;
      }
      int at = 0;
      String rest = words[2];
      StringBuilder bytes = new StringBuilder();
      for (String word : rest.split("[ \t]+")) {
        if (!word.matches("[0-9A-F]{2,16}")) {
          break;
        }
        bytes.append(word);
        at = rest.indexOf(word, at) + word.length();
      }
      String text = rest.substring(at).strip();
      if (table.containsKey(text)) {
        assertEquals(table.get(text), bytes.toString().toLowerCase(Locale.ROOT), text);
        found++;
      }
    }
    assertEquals(table.size(), found);
  }

  @Test
  void labelsAndData() {
    Assembler asm = new Assembler();
    Label loop = new Label();
    asm.bind(loop);
    asm.op(Vop.VMOVUPS, 256, 1, asm.splat(7));
    asm.jnz(loop);
    byte[] code = asm.finish();
    assertEquals(128, code.length);
    // vmovups ymm1, [rip + 55]: the data are at 64, the instruction ends at 9
    assertEquals("c4e17c100d37000000", HexFormat.of().formatHex(code, 0, 9));
    assertEquals("0f85f1ffffff", HexFormat.of().formatHex(code, 9, 15));
    assertEquals(7, code[64]);
    assertEquals(7, code[124]);
    asm = new Assembler();
    asm.jnz(new Label());
    assertThrows(IllegalStateException.class, asm::finish);
    Assembler none = new Assembler();
    assertThrows(IllegalArgumentException.class, () -> none.op(Vop.VPHADDD, 512, 1, 2, 3));
    assertTrue(none.size() == 0);
  }

  /** Writes the texts for GNU as to make the table from. */
  public static void main(String[] args) {
    instructions()
        .forEach(
            (text, bytes) -> System.out.println(text + " | " + HexFormat.of().formatHex(bytes)));
  }
}
