package dev.lamina.tokenizer;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;

/**
 * Cuts special tokens out of a text. As in llama.cpp the longest tokens (in UTF-8) are looked for
 * first, from left to right in what the ones before have left over. There each token is searched
 * for in the whole text; here one pass over a trie finds the few places where any can begin,
 * because some vocabularies have thousands.
 */
final class SpecialMatcher {
  /**
   * A special token.
   *
   * @param stripsRight whether it swallows the ASCII blanks behind it, as those of Phi-3 do
   */
  record Special(int id, String text, boolean stripsRight) {}

  /** Receives the parts of a text in order. */
  interface Parts {
    void text(int from, int to);

    void token(int id);
  }

  private record Match(int from, int end, int id) {}

  /** A trie over chars; {@code group} orders the lengths, the longest is 0. */
  private static final class Node {
    final Map<Character, Node> children = new HashMap<>(4);
    Special token;
    int group = Integer.MAX_VALUE;
  }

  private final Node root = new Node();
  private final boolean[] begins = new boolean[128];
  private boolean beginsBeyondAscii;
  private int groups;

  SpecialMatcher(List<Special> specials) {
    List<Special> ordered = new ArrayList<>(specials);
    ordered.sort(Comparator.comparingInt((Special s) -> -utf8Length(s.text())));
    int length = 0;
    for (Special special : ordered) {
      if (utf8Length(special.text()) != length) {
        length = utf8Length(special.text());
        groups++;
      }
      insert(special, groups - 1);
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

  private void insert(Special special, int group) {
    String text = special.text();
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
    node.token = special;
    node.group = group;
  }

  /** Tells {@code parts} what the text is made of; swallowed blanks are left out. */
  void partition(CharSequence text, Parts parts) {
    IntList places = new IntList(8);
    IntList longest = new IntList(8);
    find(text, places, longest);
    int at = 0;
    if (places.size() > 0) {
      for (Match match : take(text, places, longest)) {
        if (match.from() > at) {
          parts.text(at, match.from());
        }
        parts.token(match.id());
        at = match.end();
      }
    }
    if (at < text.length()) {
      parts.text(at, text.length());
    }
  }

  /** Where the special tokens that {@code which} holds for begin in a text, also within others. */
  List<Integer> starts(CharSequence text, IntPredicate which) {
    IntList places = new IntList(8);
    find(text, places, new IntList(8));
    List<Integer> starts = new ArrayList<>();
    for (int place = 0; place < places.size(); place++) {
      int from = places.get(place);
      Node node = root;
      for (int i = from; i < text.length(); i++) {
        node = node.children.get(text.charAt(i));
        if (node == null) {
          break;
        }
        if (node.token != null && which.test(node.token.id())) {
          starts.add(from);
          break;
        }
      }
    }
    return starts;
  }

  /** Where tokens begin, and the group of the longest of each place. */
  private void find(CharSequence text, IntList places, IntList longest) {
    for (int from = 0; from < text.length(); from++) {
      char first = text.charAt(from);
      if (first < 128 ? !begins[first] : !beginsBeyondAscii) {
        continue;
      }
      int group = Integer.MAX_VALUE;
      Node node = root;
      for (int i = from; i < text.length(); ) {
        node = node.children.get(text.charAt(i++));
        if (node == null) {
          break;
        }
        group = Math.min(group, node.group);
      }
      if (group < groups) {
        places.add(from);
        longest.add(group);
      }
    }
  }

  private List<Match> take(CharSequence text, IntList places, IntList longest) {
    BitSet used = new BitSet(text.length());
    List<Match> taken = new ArrayList<>();
    for (int group = 0; group < groups; group++) {
      for (int place = 0; place < places.size(); place++) {
        int from = places.get(place);
        if (longest.get(place) > group || used.get(from)) {
          continue;
        }
        Special special = at(text, from, group);
        if (special == null) {
          continue;
        }
        int end = from + special.text().length();
        int next = used.nextSetBit(from);
        if (next >= 0 && next < end) {
          continue;
        }
        if (special.stripsRight()) {
          while (end < text.length() && !used.get(end) && isAsciiSpace(text.charAt(end))) {
            end++;
          }
        }
        used.set(from, end);
        taken.add(new Match(from, end, special.id()));
      }
    }
    taken.sort(Comparator.comparingInt(Match::from));
    return taken;
  }

  private Special at(CharSequence text, int from, int group) {
    Node node = root;
    for (int i = from; i < text.length(); i++) {
      node = node.children.get(text.charAt(i));
      if (node == null) {
        return null;
      }
      if (node.group == group) {
        return node.token;
      }
    }
    return null;
  }

  private static boolean isAsciiSpace(char c) {
    return c == ' ' || c >= '\t' && c <= '\r';
  }
}
