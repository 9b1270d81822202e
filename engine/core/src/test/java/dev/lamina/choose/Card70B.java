package dev.lamina.choose;

import java.util.List;

/** The files of the model card of a 70 B llama, with the card's sizes. */
final class Card70B {
  private static final String CARD =
      """
      Q8_0 74.98GB
      Q6_K 57.89GB
      Q5_K_M 49.95GB
      Q5_K_S 48.66GB
      Q4_1 44.31GB
      Q4_K_M 42.52GB
      Q4_K_S 40.35GB
      Q4_0 40.12GB
      IQ4_NL 40.05GB
      Q3_K_XL 38.06GB
      IQ4_XS 37.90GB
      Q3_K_L 37.14GB
      Q3_K_M 34.27GB
      IQ3_M 31.94GB
      Q3_K_S 30.91GB
      IQ3_XXS 27.47GB
      Q2_K_L 27.40GB
      Q2_K 26.38GB
      IQ2_M 24.12GB
      IQ2_S 22.24GB
      IQ2_XS 21.14GB
      IQ2_XXS 19.10GB
      IQ1_M 16.75GB
      """;

  private Card70B() {}

  static List<ModelFile> files() {
    return FileList.of(ListText.read(CARD, "card")).models();
  }
}
