package dev.lamina.gguf;

/** The ids of tensor types that Lamina does not read, each with what to do instead. */
final class UnreadTypes {
  private UnreadTypes() {}

  /** What is wrong with a tensor of this type, for the end of a sentence. */
  static String explain(int id) {
    return switch (id) {
      case 4 -> removed("Q4_2", "use a Q4_0 or Q4_K_M file of this model");
      case 5 -> removed("Q4_3", "use a Q4_1 or Q4_K_M file of this model");
      case 31 -> repacked("Q4_0_4_4", "Q4_0");
      case 32 -> repacked("Q4_0_4_8", "Q4_0");
      case 33 -> repacked("Q4_0_8_8", "Q4_0");
      case 36 -> repacked("IQ4_NL_4_4", "IQ4_NL");
      case 37 -> repacked("IQ4_NL_4_8", "IQ4_NL");
      case 38 -> repacked("IQ4_NL_8_8", "IQ4_NL");
      case 9 -> internal("Q8_1");
      case 15 -> internal("Q8_K");
      case 40 -> unsupported("NVFP4");
      case 41 -> unsupported("Q1_0");
      case 42 -> unsupported("Q2_0");
      default ->
          "type number "
              + Integer.toUnsignedString(id)
              + " is not known; the file is damaged, or newer than this version of Lamina";
    };
  }

  private static String removed(String name, String advice) {
    return "type " + name + " was removed from the format in 2023; " + advice;
  }

  private static String repacked(String name, String base) {
    return "type "
        + name
        + " was removed from the format; use the "
        + base
        + " file of this model, it is repacked for this processor while loading";
  }

  private static String internal(String name) {
    return "type " + name + " is for intermediate results and has no place in a file";
  }

  private static String unsupported(String name) {
    return "type " + name + " is not supported; use a Q8_0, Q4_K_M or other file of this model";
  }
}
