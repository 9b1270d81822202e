package dev.lamina.tokenizer;

/**
 * {@code LEAD SET{least,most}}: a run of characters of one set, with or without an optional blank
 * before it.
 *
 * @param lead the optional character before the run
 * @param atEnd whether the run counts only at the end of the text
 */
record RunSplitter(Lead lead, Set set, int least, int most, boolean atEnd) implements Splitter {
  /** What may stand before a run. */
  enum Lead {
    NOTHING,
    BLANK,
    WHITESPACE
  }

  /** A set of characters, by code point and class. */
  interface Set {
    boolean contains(int codePoint, int kind);
  }

  /** {@code SET+}. */
  static RunSplitter of(Set set) {
    return new RunSplitter(Lead.NOTHING, set, 1, Integer.MAX_VALUE, false);
  }

  /** {@code LEAD?SET+}. */
  static RunSplitter of(Lead lead, Set set) {
    return new RunSplitter(lead, set, 1, Integer.MAX_VALUE, false);
  }

  /** {@code SET{least,most}}. */
  static RunSplitter of(Set set, int least, int most) {
    return new RunSplitter(Lead.NOTHING, set, least, most, false);
  }

  @Override
  public int match(CodePoints text, int at, int end) {
    boolean leads =
        switch (lead) {
          case NOTHING -> false;
          case BLANK -> text.at(at) == ' ';
          case WHITESPACE -> text.classAt(at, end) == CharClasses.SPACE;
        };
    if (leads) {
      int after = run(text, at + 1, end);
      if (after > at + 1) {
        return after;
      }
    }
    return run(text, at, end);
  }

  private int run(CodePoints text, int at, int end) {
    int i = at;
    while (i < end && i - at < most && set.contains(text.at(i), text.classAt(i, end))) {
      i++;
    }
    return i - at < least || atEnd && i < end ? at : i;
  }
}
