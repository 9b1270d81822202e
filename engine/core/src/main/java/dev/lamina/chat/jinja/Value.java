package dev.lamina.chat.jinja;

import java.math.BigInteger;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a template can hold: Python's simple values and the few callables that Jinja gives. There is
 * nothing else, so there is no way from a template to the host.
 *
 * <p>{@code equals} and {@code hashCode} of the scalar values are Python's (1, 1.0 and True are one
 * key of a mapping); containers are compared by {@link Comparison#equal}, which counts steps.
 * Containers cannot be changed once made, as in transformers' sandbox, and know how deep they nest,
 * so that no walk over one can overflow the stack.
 */
sealed interface Value {
  /** Python's name of the type, for messages. */
  String type();

  record Str(String text) implements Value {
    static final Str EMPTY = new Str("");

    @Override
    public String type() {
      return "str";
    }
  }

  /** A number or boolean. */
  sealed interface Num extends Value permits Int, Flt, Bool {
    double toDouble();

    /** The value where it is an integer; null for a float. */
    BigInteger integer();

    static boolean equal(Num a, Num b) {
      if (a.integer() != null && b.integer() != null) {
        return a.integer().equals(b.integer());
      }
      return a.toDouble() == b.toDouble();
    }

    static int hash(Num n) {
      return Double.hashCode(n.toDouble() + 0.0);
    }
  }

  record Int(BigInteger integer) implements Num {
    static Int of(long n) {
      return new Int(BigInteger.valueOf(n));
    }

    @Override
    public double toDouble() {
      return integer.doubleValue();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Num n && Num.equal(this, n);
    }

    @Override
    public int hashCode() {
      return Num.hash(this);
    }

    @Override
    public String type() {
      return "int";
    }
  }

  record Flt(double number) implements Num {
    @Override
    public double toDouble() {
      return number;
    }

    @Override
    public BigInteger integer() {
      return null;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Num n && Num.equal(this, n);
    }

    @Override
    public int hashCode() {
      return Num.hash(this);
    }

    @Override
    public String type() {
      return "float";
    }
  }

  record Bool(boolean truth) implements Num {
    static final Bool TRUE = new Bool(true);
    static final Bool FALSE = new Bool(false);

    static Bool of(boolean truth) {
      return truth ? TRUE : FALSE;
    }

    @Override
    public double toDouble() {
      return truth ? 1 : 0;
    }

    @Override
    public BigInteger integer() {
      return truth ? BigInteger.ONE : BigInteger.ZERO;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Num n && Num.equal(this, n);
    }

    @Override
    public int hashCode() {
      return Num.hash(this);
    }

    @Override
    public String type() {
      return "bool";
    }
  }

  enum None implements Value {
    NONE;

    @Override
    public String type() {
      return "NoneType";
    }
  }

  /** What a missing name, attribute or element gives; most uses of it fail with this reason. */
  record Undefined(String reason) implements Value {
    @Override
    public String type() {
      return "Undefined";
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Undefined;
    }

    @Override
    public int hashCode() {
      return 1;
    }
  }

  /** A list, a tuple, or one of the things that can be walked over like one. */
  final class Seq implements Value {
    enum Kind {
      LIST("list"),
      TUPLE("tuple"),
      RANGE("range"),
      /** {@code dict.keys()} and the like: has a length, but no elements by index. */
      VIEW("dict view"),
      /** What many filters give: walked over once, always true, without a length. */
      GENERATOR("generator");

      final String type;

      Kind(String type) {
        this.type = type;
      }
    }

    final Kind kind;
    final List<Value> items;

    /** How a range or view prints; null for the others. */
    final String label;

    final int depth;
    private boolean spent;

    private Seq(Kind kind, List<Value> items, String label, Work work) {
      this.kind = kind;
      this.items = Collections.unmodifiableList(items);
      this.label = label;
      this.depth = depthOf(items, work);
    }

    static Seq of(Kind kind, List<Value> items, Work work) {
      return new Seq(kind, items, null, work);
    }

    static Seq list(List<Value> items, Work work) {
      return new Seq(Kind.LIST, items, null, work);
    }

    static Seq tuple(List<Value> items, Work work) {
      return new Seq(Kind.TUPLE, items, null, work);
    }

    static Seq labelled(Kind kind, String label, List<Value> items, Work work) {
      return new Seq(kind, items, label, work);
    }

    /** The elements for one walk: a generator has them only the first time. */
    List<Value> walk() {
      if (kind == Kind.GENERATOR) {
        if (spent) {
          return List.of();
        }
        spent = true;
      }
      return items;
    }

    boolean indexed() {
      return kind == Kind.LIST || kind == Kind.TUPLE || kind == Kind.RANGE;
    }

    @Override
    public String type() {
      return kind.type;
    }
  }

  /** A mapping; its keys are scalars. */
  final class Dict implements Value {
    final Map<Value, Value> entries;
    final int depth;

    Dict(Map<Value, Value> entries, Work work) {
      this.entries = Collections.unmodifiableMap(entries);
      this.depth = depthOf(entries.values(), work);
    }

    Value get(String key) {
      return entries.get(new Str(key));
    }

    @Override
    public String type() {
      return "dict";
    }
  }

  /** {@code namespace(...)}: the one thing that can be assigned into. */
  final class Namespace implements Value {
    final Map<String, Value> attributes = new LinkedHashMap<>();

    @Override
    public String type() {
      return "Namespace";
    }
  }

  /** {@code loop} in a loop. */
  final class Loop implements Value {
    final Renderer.LoopState state;

    Loop(Renderer.LoopState state) {
      this.state = state;
    }

    @Override
    public String type() {
      return "LoopContext";
    }
  }

  /** A macro, or the body of a call block, with the scope that it was defined in. */
  record MacroValue(Stmt.Function function, Scope scope) implements Value {
    @Override
    public String type() {
      return "Macro";
    }
  }

  /** {@code value.name} where that is a method of the value's type. */
  record Method(Value receiver, String name) implements Value {
    @Override
    public String type() {
      return "builtin_function_or_method";
    }
  }

  /** A function that every template has. */
  enum Global implements Value {
    RANGE("range"),
    DICT("dict"),
    NAMESPACE("namespace"),
    RAISE_EXCEPTION("raise_exception"),
    STRFTIME_NOW("strftime_now"),
    CYCLER("cycler"),
    JOINER("joiner");

    final String id;

    Global(String id) {
      this.id = id;
    }

    @Override
    public String type() {
      return "function";
    }
  }

  /** {@code cycler(...)} and {@code joiner(...)}: a position that moves on. */
  final class Stepper implements Value {
    final List<Value> items;
    final boolean joiner;
    int position;

    Stepper(List<Value> items, boolean joiner) {
      this.items = items;
      this.joiner = joiner;
    }

    @Override
    public String type() {
      return joiner ? "Joiner" : "Cycler";
    }
  }

  private static int depthOf(Iterable<Value> values, Work work) {
    int depth = 0;
    for (Value value : values) {
      depth = Math.max(depth, depth(value));
    }
    if (depth >= Work.MAX_VALUE_DEPTH) {
      throw work.error("values nest deeper than " + Work.MAX_VALUE_DEPTH + " levels");
    }
    return depth + 1;
  }

  private static int depth(Value value) {
    return switch (value) {
      case Seq seq -> seq.depth;
      case Dict dict -> dict.depth;
      case Str _, Int _, Flt _, Bool _, None _, Undefined _, Namespace _, Loop _ -> 0;
      case MacroValue _, Method _, Global _, Stepper _ -> 0;
    };
  }
}
