package dev.lamina.session;

import java.util.List;

/** Watches streamed text for stop texts and holds back what may be the beginning of one. */
final class StopMatcher {
  private final List<String> stops;
  private final StringBuilder held = new StringBuilder();
  private boolean found;

  StopMatcher(List<String> stops) {
    this.stops = stops;
  }

  /** Takes more text and gives back what is certainly no part of a stop text. */
  String push(String text) {
    if (found || stops.isEmpty()) {
      return found ? "" : text;
    }
    held.append(text);
    int first = -1;
    for (String stop : stops) {
      int at = held.indexOf(stop);
      if (at >= 0 && (first < 0 || at < first)) {
        first = at;
      }
    }
    if (first >= 0) {
      found = true;
      String before = held.substring(0, first);
      held.setLength(0);
      return before;
    }
    int keep = longestBeginning();
    String out = held.substring(0, held.length() - keep);
    held.delete(0, held.length() - keep);
    return out;
  }

  /** The greatest number of characters at the end of the held text that begin a stop text. */
  private int longestBeginning() {
    for (int at = 0; at < held.length(); at++) {
      String end = held.substring(at);
      for (String stop : stops) {
        if (stop.startsWith(end)) {
          return end.length();
        }
      }
    }
    return 0;
  }

  boolean found() {
    return found;
  }

  /** What is still held back when the text ends without a stop text. */
  String rest() {
    String out = held.toString();
    held.setLength(0);
    return out;
  }
}
