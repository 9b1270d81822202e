package dev.lamina.choose;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lamina.choose.Advice.Fit;
import dev.lamina.choose.Advice.Verdict;
import dev.lamina.choose.Machine.Gpu;
import dev.lamina.model.synthetic.SyntheticModel;
import dev.lamina.session.LoadOptions;
import dev.lamina.session.MemoryNeed;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The advice for the 23 files of a 70 B card, against answers worked out by hand from the card's
 * text: "a quant with a file size 1-2GB smaller than your GPU's total VRAM" for speed, "add both
 * your system RAM and your GPU's VRAM together, then similarly grab a quant 1-2GB smaller than that
 * total" for quality; "grab one of the K-quants", but "below Q4, and you're running cuBLAS or
 * rocBLAS, you should look towards the I-quants", which "will be slower" on the CPU and are "not
 * compatible with Vulkan".
 */
class AdvisorTest {
  private static final List<ModelFile> FILES = Card70B.files();

  private static long gib(double n) {
    return Math.round(n * (1L << 30));
  }

  /** A machine with equal cards; {@code 2x24} is two of 24 GiB, {@code -} is none. */
  private static Machine machine(String backend, String vram, double ram) {
    List<Gpu> gpus = new ArrayList<>();
    if (!vram.equals("-")) {
      String[] parts = vram.split("x");
      int count = parts.length == 2 ? Integer.parseInt(parts[0]) : 1;
      for (int i = 0; i < count; i++) {
        gpus.add(
            new Gpu(backend + i, backend, gib(Double.parseDouble(parts[parts.length - 1])), false));
      }
    }
    return new Machine(gib(ram), gpus);
  }

  private static String type(ModelFile file) {
    return file == null ? "none" : file.type();
  }

  /**
   * With the least reserve of 1.5 GB a file may have, in GB: 16 GiB 15.68, 24 GiB 24.27, 32 GiB
   * 32.86, 40 GiB 41.45, 48 GiB 50.04, 56 GiB 58.63, 64 GiB 67.22, 80 GiB 84.40, 88 GiB 92.99.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          # backend | VRAM | RAM | fastest | best

          # One CUDA card of 24 GiB, 24.27 GB: no K-quant is that small (Q2_K 26.38), so it is below Q4 and
          # an I-quant, IQ2_M 24.12. With RAM: 92.99 holds Q8_0, 58.63 Q6_K 57.89 (barely), 50.04 Q5_K_M
          # 49.95 (barely), 41.45 Q4_K_S 40.35, not Q4_K_M 42.52.
          cuda   | 24   | 64  | IQ2_M   | Q8_0
          cuda   | 24   | 32  | IQ2_M   | Q6_K
          cuda   | 24   | 24  | IQ2_M   | Q5_K_M
          cuda   | 24   | 16  | IQ2_M   | Q4_K_S

          # Smaller cards: 15.68 and 11.38 hold nothing (IQ1_M 16.75). 16 + 16 is 32.86: the largest K-quant
          # is Q3_K_S 30.91, below Q4, so IQ3_M 31.94. 12 + 16 is 28.56: K would be Q2_K_L 27.40, so
          # IQ3_XXS 27.47. 8 + 16 is 24.27: IQ2_M. 20 GiB are 19.97: IQ2_XXS 19.10.
          cuda   | 16   | 16  | none    | IQ3_M
          cuda   | 16   | 32  | none    | Q5_K_M
          cuda   | 12   | 16  | none    | IQ3_XXS
          cuda   | 8    | 16  | none    | IQ2_M
          cuda   | 8    | 8   | none    | none
          cuda   | 20   | 128 | IQ2_XXS | Q8_0

          # Larger cards and several: 2 x 24 is 50.04, Q5_K_M; 40 is 41.45, Q4_K_S; 32 is 32.86, IQ3_M; 80 is
          # 84.40, Q8_0. 44 GiB is 45.74: Q4_1 (44.31) would fit but is a legacy type and not better, so
          # Q4_K_M. 39 GiB is 40.38: Q4_K_S 40.35. 38 GiB is 39.30: K would be Q3_K_XL 38.06, below Q4, so
          # IQ4_XS 37.90. 36 GiB is 37.15: Q3_K_L 37.14 would fit, so IQ3_M. 26 GiB is 26.42: Q2_K would fit,
          # so IQ2_M.
          cuda   | 2x24 | 64  | Q5_K_M  | Q8_0
          cuda   | 40   | 16  | Q4_K_S  | Q6_K
          cuda   | 32   | 32  | IQ3_M   | Q6_K
          cuda   | 80   | 128 | Q8_0    | Q8_0
          cuda   | 44   | 8   | Q4_K_M  | Q5_K_M
          cuda   | 39   | 4   | Q4_K_S  | Q4_K_M
          cuda   | 38   | 0.5 | IQ4_XS  | IQ4_XS
          cuda   | 36   | 64  | IQ3_M   | Q8_0
          cuda   | 26   | 64  | IQ2_M   | Q8_0

          # ROCm is as CUDA.
          rocm   | 24   | 64  | IQ2_M   | Q8_0
          rocm   | 16   | 16  | none    | IQ3_M
          rocm   | 48   | 16  | Q5_K_M  | Q6_K

          # Vulkan has no I-quants: nothing for 24.27; Q2_K 26.38 for 26.42; Q3_K_S 30.91 for 32.86; Q3_K_L
          # 37.14 for 37.15; Q3_K_XL 38.06 for 39.30; from Q4 on as CUDA.
          vulkan | 24   | 64  | none    | Q8_0
          vulkan | 24   | 16  | none    | Q4_K_S
          vulkan | 16   | 16  | none    | Q3_K_S
          vulkan | 26   | 64  | Q2_K    | Q8_0
          vulkan | 32   | 32  | Q3_K_S  | Q6_K
          vulkan | 36   | 64  | Q3_K_L  | Q8_0
          vulkan | 38   | 0.5 | Q3_K_XL | Q3_K_XL
          vulkan | 2x24 | 64  | Q5_K_M  | Q8_0
          vulkan | 8    | 16  | none    | none

          # OpenCL is neither CUDA nor ROCm: K-quants, and an I-quant only where no K-quant is small enough.
          opencl | 16   | 16  | none    | Q3_K_S
          opencl | 24   | 16  | IQ2_M   | Q4_K_S

          # No GPU: nothing is as fast as in VRAM. K-quants by the RAM: 67.22 Q6_K, 32.86 Q3_K_S; 24.27 has no
          # K-quant, so IQ2_M, marked slower; 15.68 has nothing.
          cpu    | -    | 128 | none    | Q8_0
          cpu    | -    | 64  | none    | Q6_K
          cpu    | -    | 32  | none    | Q3_K_S
          cpu    | -    | 24  | none    | IQ2_M
          cpu    | -    | 16  | none    | none
          """)
  void machinesGetTheCardsAdvice(
      String backend, String vram, double ram, String fastest, String best) {
    Advice advice = Advisor.advise(FILES, machine(backend, vram, ram), 0);
    assertEquals(fastest, type(advice.fastest()), advice.fastestWhy());
    assertEquals(best, type(advice.best()), advice.bestWhy());
    assertEquals(FILES.size(), advice.verdicts().size());
  }

  /**
   * What a context of a 70 B llama takes: 80 layers x 8 heads x 128 values x 2 (keys, values) x 2
   * bytes are 0.328 MB a token: 8192 tokens 2.68 GB, 16384 5.37 GB, 32768 10.74 GB, 131072 42.95
   * GB; 1024 tokens 0.34 GB, less than the card's 1.5 with any work space below 1.1 GB.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          # backend | VRAM | RAM | context | fastest | best

          # 24 GiB are 25.77: with 2.68 and work 22.24 (IQ2_S) to 23.09 are left if work takes up to 0.85; with
          # 10.74 less than 15.03, nothing.
          cuda   | 24   | 64  | 1024   | IQ2_M  | Q8_0
          cuda   | 24   | 64  | 8192   | IQ2_S  | Q8_0
          cuda   | 24   | 64  | 32768  | none   | Q8_0

          # 48 GiB are 51.54: less 5.37 46.17, Q4_K_M 42.52. 24 + 48 are 77.31: less 42.95 34.36, and less work
          # below 34.27, the size of Q3_K_M: for CUDA IQ3_M 31.94, for Vulkan Q3_K_S 30.91.
          cuda   | 48   | 64  | 16384  | Q4_K_M | Q8_0
          cuda   | 24   | 48  | 131072 | none   | IQ3_M
          vulkan | 24   | 48  | 131072 | none   | Q3_K_S
          """)
  void theWantedContextCounts(
      String backend, String vram, double ram, int context, String fastest, String best) {
    SyntheticModel model = SyntheticModel.of("llama-70b", "Q4_K_M");
    MemoryNeed need =
        MemoryNeed.of(model.metadata(), model.tensors(), LoadOptions.DEFAULT.withContext(context));
    assertEquals(80L * 8 * 128 * 2 * 2 * context, need.kvBytes());
    assertTrue(need.workBytes() > 50_000_000 && need.workBytes() < 850_000_000, need.toString());
    Advice advice = Advisor.advise(FILES, machine(backend, vram, ram), need.bytes());
    assertEquals(fastest, type(advice.fastest()), advice.fastestWhy());
    assertEquals(best, type(advice.best()), advice.bestWhy());
    assertEquals(Math.max(need.bytes(), 1_500_000_000L), advice.reserve());
  }

  @Test
  void sharedMemoryCountsOnce() {
    // 16 of 32 GiB lent to an integrated GPU: 32.86 GB in all.
    Machine machine = new Machine(gib(32), List.of(new Gpu("Vulkan0", "vulkan", gib(16), true)));
    Advice advice = Advisor.advise(FILES, machine, 0);
    assertNull(advice.fastest());
    assertEquals("Q3_K_S", type(advice.best()));
  }

  @Test
  void aVulkanCardAmongOthersKeepsIQuantsAway() {
    Machine machine =
        new Machine(
            gib(8),
            List.of(
                new Gpu("CUDA0", "cuda", gib(16), false),
                new Gpu("Vulkan0", "vulkan", gib(8), false)));
    // 24 + 8 are 32.86: IQ3_M for CUDA alone, Q3_K_S with the Vulkan card.
    assertEquals("Q3_K_S", type(Advisor.advise(FILES, machine, 0).best()));
  }

  private static Verdict verdict(Advice advice, String type) {
    return advice.verdicts().stream()
        .filter(v -> v.file().type().equals(type))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void everyFileHasItsVerdict() {
    Advice advice = Advisor.advise(FILES, machine("vulkan", "32", 8), 0);
    // VRAM 34.36, both together 42.95.
    assertEquals(Fit.VRAM, verdict(advice, "Q3_K_S").fit());
    assertEquals(Fit.MEMORY, verdict(advice, "Q3_K_L").fit());
    assertEquals(Fit.TOO_LARGE, verdict(advice, "Q8_0").fit());
    assertTrue(
        verdict(advice, "Q8_0").why().contains("76.48 GB with what is kept free, of 42.95 GB"),
        verdict(advice, "Q8_0").why());
    assertTrue(verdict(advice, "Q3_K_L").why().contains("4.28 GB of it on the CPU"));
    for (Verdict verdict : advice.verdicts()) {
      boolean i = verdict.file().type().startsWith("I");
      assertEquals(i, verdict.fit() == Fit.NOT_OFFERED, verdict.toString());
      assertEquals(i, verdict.why().contains("I-quants are not offered on Vulkan"));
    }
    assertTrue(verdict(advice, "Q4_1").why().contains("legacy: Q4_K_M is smaller and no worse"));
  }

  @Test
  void iQuantsAreMarkedSlowerWhereTheCpuHasPartOfThem() {
    Advice cpu = Advisor.advise(FILES, machine("cpu", "-", 24), 0);
    assertTrue(cpu.bestWhy().contains("no K-quant is small enough"), cpu.bestWhy());
    assertTrue(cpu.bestWhy().contains("slower on the CPU"), cpu.bestWhy());
    assertTrue(verdict(cpu, "IQ2_XS").why().contains("slower on the CPU"));
    Advice cuda = Advisor.advise(FILES, machine("cuda", "24", 64), 0);
    assertFalse(cuda.fastestWhy().contains("slower"), cuda.fastestWhy());
    assertFalse(verdict(cuda, "IQ2_M").why().contains("slower"));
    assertTrue(verdict(cuda, "IQ4_XS").why().contains("slower on the CPU"));
    assertFalse(verdict(cuda, "Q4_K_S").why().contains("slower"));
  }

  @Test
  void whyNothingFitsNamesTheSmallestFile() {
    Advice vulkan = Advisor.advise(FILES, machine("vulkan", "24", 64), 0);
    assertEquals(
        "the smallest file for this machine, Q2_K, of 26.38 GB is too large: 25.77 GB of VRAM less"
            + " 1.50 GB to keep free are 24.27 GB",
        vulkan.fastestWhy());
  }

  /** A card with few files: a K-quant of a higher class before an I-quant of a lower one. */
  @Test
  void listsWithGapsAreNoTraps() {
    List<ModelFile> few =
        FileList.of(
                List.of(
                    new FileList.Entry("m-IQ1_M.gguf", 16_750_000_000L),
                    new FileList.Entry("m-Q3_K_M.gguf", 34_270_000_000L)))
            .models();
    assertEquals("Q3_K_M", type(Advisor.advise(few, machine("cuda", "48", 8), 0).fastest()));
    List<ModelFile> legacy =
        FileList.of(List.of(new FileList.Entry("m-Q4_0.gguf", 40_120_000_000L))).models();
    Advice advice = Advisor.advise(legacy, machine("cuda", "48", 8), 0);
    assertEquals("Q4_0", type(advice.fastest()));
    assertTrue(advice.fastestWhy().contains("there is no K-quant that fits"));
  }

  @Test
  void unknownTypesAreReportedAndNeverChosen() {
    List<ModelFile> files =
        FileList.of(List.of(new FileList.Entry("m-UD-Q4_K_XL.gguf", 4_000_000_000L))).models();
    Advice advice = Advisor.advise(files, machine("cuda", "24", 64), 0);
    assertNull(advice.fastest());
    assertNull(advice.best());
    assertEquals(Fit.UNKNOWN, advice.verdicts().getFirst().fit());
  }

  @ParameterizedTest
  @ValueSource(strings = {"Q3_K_XL", "q4_k_m", "IQ2_XXS", "BF16", "fp16", "mxfp4"})
  void knowsTheNames(String name) {
    assertTrue(Quant.byName(name).isPresent());
    assertEquals(Quant.byName(name), Quant.inFileName("Some-Model-7B-Instruct." + name));
    assertEquals(
        Quant.byName(name), Quant.inFileName("Some-Model-7B-" + name.toLowerCase(Locale.ROOT)));
  }
}
