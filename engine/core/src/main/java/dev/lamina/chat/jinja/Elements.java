package dev.lamina.chat.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** Elements and slices of sequences, strings and mappings, as Python counts them. */
final class Elements {
  private Elements() {}

  /** {@code target[index]} of a sequence or mapping; null where there is no such element. */
  static Value element(Value target, Value index, Work work) {
    if (target instanceof Value.Dict dict) {
      return index instanceof Value.Seq || index instanceof Value.Dict
          ? null
          : dict.entries.get(index);
    }
    BigInteger n = index instanceof Value.Num num ? num.integer() : null;
    if (n == null || n.bitLength() > 31) {
      return null;
    }
    int i = n.intValue();
    if (target instanceof Value.Str s) {
      work.steps(s.text().length() >> 4);
      int length = Text.length(s.text());
      i = i < 0 ? i + length : i;
      return i < 0 || i >= length ? null : new Value.Str(Text.slice(s.text(), i, i + 1));
    }
    if (target instanceof Value.Seq seq && seq.indexed()) {
      i = i < 0 ? i + seq.items.size() : i;
      return i < 0 || i >= seq.items.size() ? null : seq.items.get(i);
    }
    return null;
  }

  /** {@code target[from:to:step]}; each bound may be None. */
  static Value slice(Value target, Value from, Value to, Value stepValue, Work work) {
    if (target instanceof Value.Undefined) {
      throw Values.undefined(target, work);
    }
    boolean string = target instanceof Value.Str;
    if (!string && !(target instanceof Value.Seq seq && seq.indexed())) {
      throw work.error("a " + target.type() + " has no slices");
    }
    int length = Values.length(target);
    int step = bound(stepValue, 1, work);
    if (step == 0) {
      throw work.error("the step of a slice is zero");
    }
    int start = clamp(bound(from, step > 0 ? 0 : Integer.MAX_VALUE, work), length, step > 0);
    int end =
        to == Value.None.NONE && step < 0
            ? -1
            : clamp(bound(to, Integer.MAX_VALUE, work), length, step > 0);
    if (string && step == 1) {
      String text = ((Value.Str) target).text();
      work.chars(Math.max(0, end - start));
      work.steps(text.length() >> 4);
      return new Value.Str(start >= end ? "" : Text.slice(text, start, end));
    }
    List<Value> items = string ? Values.walk(target, work) : ((Value.Seq) target).items;
    List<Value> result = new ArrayList<>();
    for (long i = start; step > 0 ? i < end : i > end; i += step) {
      result.add(items.get((int) i));
    }
    work.elements(result.size());
    if (string) {
      StringBuilder text = new StringBuilder();
      result.forEach(c -> text.append(((Value.Str) c).text()));
      return new Value.Str(text.toString());
    }
    Value.Seq.Kind kind = ((Value.Seq) target).kind;
    return Value.Seq.of(kind == Value.Seq.Kind.RANGE ? Value.Seq.Kind.LIST : kind, result, work);
  }

  private static int bound(Value value, int otherwise, Work work) {
    if (value == Value.None.NONE) {
      return otherwise;
    }
    BigInteger n = value instanceof Value.Num num ? num.integer() : null;
    if (n == null) {
      if (value instanceof Value.Undefined) {
        throw Values.undefined(value, work);
      }
      throw work.error("the bounds of a slice must be integers, not a " + value.type());
    }
    return n.bitLength() > 30 ? (n.signum() < 0 ? -(1 << 30) : 1 << 30) : n.intValue();
  }

  private static int clamp(int bound, int length, boolean forward) {
    long at = bound < 0 ? (long) bound + length : bound;
    return forward ? Math.clamp(at, 0, length) : Math.clamp(at, -1, length - 1);
  }
}
