package dev.lamina.tokenizer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;

/**
 * Cuts special tokens out of a text. As in llama.cpp the longest tokens are looked for first, each
 * from left to right in what the ones before have left over; here all are found in one pass over a
 * trie and then taken in that order.
 */
final class SpecialMatcher {
  /** A special token; strips as the models of Phi-3 want it. */
  record Special(int id, String text, boolean stripsRight) {}

  private final List<Special> ordered;
  private final Node root = new Node();
  private final boolean[] begins = new boolean[128];
  private boolean beginsBeyondAscii;

  SpecialMatcher(List<Special> specials) {
    ordered = new ArrayList<>(specials);
    ordered.sort(Comparator.comparingInt((Special s) -> -utf8Length(s.text())));
    for (int rank = 0; rank < ordered.size(); rank++) {
      insert(ordered.get(rank).text(), rank);
    }
  }

  private static int utf8Length(String text) {
    int length = 0;
    for (int i = 0; i < text.length(); ) {
      int c = Utf8.codePoint(text, i, text.length());
      i += Character.charCount(c);
      length += Utf8.length(c);
    }
    return length;
  }

  private void insert(String text, int rank) {
    char first = text.charAt(0);
    if (first < 128) {
      begins[first] = true;
    } else {
      beginsBeyondAscii = true;
    }
    Node node = root;
    for (int i = 0; i < text.length(); i++) {
      node = node.children.computeIfAbsent(text.charAt(i), _ -> new Node());
    }
    node.rank = rank;
  }

  /** Receives the parts of a text in order. */
  interface Parts {
    void text(int from, int to);

    void token(int id);
  }

  /** Tells {@code parts} what the text is made of; stripped blanks are left out. */
  void partition(CharSequence text, Parts parts) {
    List<Match> matches = find(text);
    if (matches.isEmpty()) {
      if (!text.isEmpty()) {
        parts.text(0, text.length());
      }
      return;
    }
    matches.sort(Comparator.comparingInt(Match::rank).thenComparingInt(Match::from));
    List<Match> taken = take(text, matches);
    taken.sort(Comparator.comparingInt(Match::from));
    int at = 0;
    for (Match match : taken) {
      if (match.from() > at) {
        parts.text(at, match.from());
      }
      parts.token(ordered.get(match.rank()).id());
      at = match.end();
    }
    if (at < text.length()) {
      parts.text(at, text.length());
    }
  }

  /** Where the special tokens that {@code which} holds for begin in a text, also within others. */
  List<Integer> starts(CharSequence text, IntPredicate which) {
    return find(text).stream()
        .filter(match -> which.test(ordered.get(match.rank()).id()))
        .map(Match::from)
        .distinct()
        .sorted()
        .toList();
  }

  private record Match(int rank, int from, int end) {}

  private List<Match> find(CharSequence text) {
    List<Match> matches = new ArrayList<>();
    for (int from = 0; from < text.length(); from++) {
      char first = text.charAt(from);
      if (first < 128 ? !begins[first] : !beginsBeyondAscii) {
        continue;
      }
      Node node = root;
      for (int i = from; i < text.length(); ) {
        node = node.children.get(text.charAt(i++));
        if (node == null) {
          break;
        }
        if (node.rank >= 0) {
          matches.add(new Match(node.rank, from, i));
        }
      }
    }
    return matches;
  }

  private List<Match> take(CharSequence text, List<Match> matches) {
    java.util.BitSet used = new java.util.BitSet(text.length());
    List<Match> taken = new ArrayList<>();
    for (Match match : matches) {
      int next = used.nextSetBit(match.from());
      if (next >= 0 && next < match.end()) {
        continue;
      }
      int end = match.end();
      if (ordered.get(match.rank()).stripsRight()) {
        while (end < text.length() && !used.get(end) && isAsciiSpace(text.charAt(end))) {
          end++;
        }
      }
      used.set(match.from(), end);
      taken.add(new Match(match.rank(), match.from(), end));
    }
    return taken;
  }

  private static boolean isAsciiSpace(char c) {
    return c == ' ' || c >= '\t' && c <= '\r';
  }

  private static final class Node {
    final Map<Character, Node> children = new HashMap<>(4);
    int rank = -1;
  }
}
