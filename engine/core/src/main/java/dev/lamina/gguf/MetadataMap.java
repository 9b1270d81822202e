package dev.lamina.gguf;

import static dev.lamina.gguf.GgufException.shown;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Metadata over a map from keys to {@code Long}, {@code BigInteger}, {@code Float}, {@code Double},
 * {@code Boolean}, {@code String}, {@link ArrayValue}, a {@code List} of these, or {@link Broken}.
 */
final class MetadataMap implements Metadata {
  /** A value that is there but cannot be read: told only to who asks for it. */
  record Broken(String problem) {}

  private final String source;
  private final Map<String, Object> values;

  /**
   * @param values in file order; not copied
   */
  MetadataMap(String source, Map<String, Object> values) {
    this.source = source;
    this.values = values;
  }

  /** From values of any of the types that {@link Metadata#of} allows. */
  static MetadataMap copyOf(String source, Map<String, ?> values) {
    Map<String, Object> copy = new LinkedHashMap<>();
    values.forEach((key, value) -> copy.put(key, normalize(key, value)));
    return new MetadataMap(source, copy);
  }

  private static Object normalize(String key, Object value) {
    Object array =
        switch (value) {
          case List<?> list -> list;
          case int[] a -> java.util.Arrays.stream(a).boxed().toList();
          case long[] a -> java.util.Arrays.stream(a).boxed().toList();
          case double[] a -> java.util.Arrays.stream(a).boxed().toList();
          case float[] a -> boxed(a);
          case boolean[] a -> boxed(a);
          case Object[] a -> List.of(a);
          case null, default -> null;
        };
    if (array instanceof List<?> list) {
      List<Object> copy = new ArrayList<>(list.size());
      for (Object element : list) {
        copy.add(normalize(key, element));
      }
      return Collections.unmodifiableList(copy);
    }
    Object scalar = Scalars.normalize(value);
    if (scalar == null) {
      throw new IllegalArgumentException(
          key + ": " + (value == null ? "null" : value.getClass().getName()) + " is no metadata");
    }
    return scalar;
  }

  static List<Object> boxed(float[] values) {
    List<Object> list = new ArrayList<>(values.length);
    for (float v : values) {
      list.add(v);
    }
    return list;
  }

  static List<Object> boxed(boolean[] values) {
    List<Object> list = new ArrayList<>(values.length);
    for (boolean v : values) {
      list.add(v);
    }
    return list;
  }

  @Override
  public String source() {
    return source;
  }

  @Override
  public Set<String> keys() {
    return Collections.unmodifiableSet(values.keySet());
  }

  @Override
  public boolean has(String key) {
    return values.containsKey(key);
  }

  @Override
  public Optional<Object> raw(String key) {
    return Optional.ofNullable(find(key));
  }

  @Override
  public String string(String key) {
    return asString(key, require(key));
  }

  @Override
  public String string(String key, String otherwise) {
    Object value = find(key);
    return value == null ? otherwise : asString(key, value);
  }

  @Override
  public int integer(String key) {
    return asInt(key, require(key));
  }

  @Override
  public int integer(String key, int otherwise) {
    Object value = find(key);
    return value == null ? otherwise : asInt(key, value);
  }

  @Override
  public float number(String key) {
    return asFloat(key, require(key));
  }

  @Override
  public float number(String key, float otherwise) {
    Object value = find(key);
    return value == null ? otherwise : asFloat(key, value);
  }

  @Override
  public boolean bool(String key, boolean otherwise) {
    return switch (find(key)) {
      case null -> otherwise;
      case Boolean b -> b;
      case Object other -> throw wrong(key, other, "a bool");
    };
  }

  @Override
  public List<String> strings(String key) {
    List<?> list = array(key, "an array of strings");
    if (list.isEmpty()) {
      return List.of();
    }
    if (list instanceof ArrayValue array) {
      if (array.type() != ValueType.STRING) {
        throw wrong(key, array, "an array of strings");
      }
      return new Strings(array);
    }
    List<String> strings = new ArrayList<>(list.size());
    for (Object element : list) {
      if (!(element instanceof String s)) {
        throw wrong(key, list, "an array of strings");
      }
      strings.add(s);
    }
    return Collections.unmodifiableList(strings);
  }

  @Override
  public ByteStrings byteStrings(String key) {
    if (find(key) instanceof ArrayValue array && array.type() == ValueType.STRING) {
      return array.byteStrings();
    }
    return ByteStrings.of(strings(key));
  }

  @Override
  public int[] integers(String key) {
    List<?> list = array(key, "an array of integers");
    int[] out = new int[list.size()];
    if (list instanceof ArrayValue array && array.copyTo(out)) {
      return out;
    }
    for (int i = 0; i < out.length; i++) {
      if (list instanceof ArrayValue array && array.type().isLong()) {
        long value = array.integer(i);
        if (value != (int) value) {
          throw outOfRange(key + "[" + i + "]", value);
        }
        out[i] = (int) value;
      } else {
        switch (list.get(i)) {
          case Long v when v == v.intValue() -> out[i] = v.intValue();
          case Long v -> throw outOfRange(key + "[" + i + "]", v);
          case BigInteger v -> throw outOfRange(key + "[" + i + "]", v);
          default -> throw wrong(key, list, "an array of integers");
        }
      }
    }
    return out;
  }

  @Override
  public float[] floats(String key) {
    List<?> list = array(key, "an array of f32");
    float[] out = new float[list.size()];
    if (list instanceof ArrayValue array) {
      if (out.length > 0 && array.type() != ValueType.F32) {
        throw wrong(key, array, "an array of f32");
      }
      array.copyTo(out);
      return out;
    }
    for (int i = 0; i < out.length; i++) {
      if (!(list.get(i) instanceof Float f)) {
        throw wrong(key, list, "an array of f32");
      }
      out[i] = f;
    }
    return out;
  }

  @Override
  public boolean[] bools(String key) {
    List<?> list = array(key, "an array of bools");
    boolean[] out = new boolean[list.size()];
    if (list instanceof ArrayValue array && out.length > 0 && array.type() != ValueType.BOOL) {
      throw wrong(key, array, "an array of bools");
    }
    for (int i = 0; i < out.length; i++) {
      if (!(list.get(i) instanceof Boolean b)) {
        throw wrong(key, list, "an array of bools");
      }
      out[i] = b;
    }
    return out;
  }

  @Override
  public boolean isArray(String key) {
    return values.get(key) instanceof List<?>;
  }

  private Object find(String key) {
    Object value = values.get(key);
    if (value instanceof Broken(String problem)) {
      throw new GgufException(problem);
    }
    return value;
  }

  private Object require(String key) {
    Object value = find(key);
    if (value == null) {
      throw new GgufException(source + ": the metadata lacks the key " + shown(key));
    }
    return value;
  }

  private List<?> array(String key, String wanted) {
    return switch (find(key)) {
      case null -> List.of();
      case List<?> list -> list;
      case Object other -> throw wrong(key, other, wanted);
    };
  }

  private String asString(String key, Object value) {
    if (value instanceof String s) {
      return s;
    }
    throw wrong(key, value, "a string");
  }

  private int asInt(String key, Object value) {
    return switch (value) {
      case Long v when v == v.intValue() -> v.intValue();
      case Long v -> throw outOfRange(key, v);
      case BigInteger v -> throw outOfRange(key, v);
      default -> throw wrong(key, value, "an integer");
    };
  }

  private float asFloat(String key, Object value) {
    return switch (value) {
      case Float v -> v;
      case Double v -> v.floatValue();
      case Long v -> v.floatValue();
      case BigInteger v -> v.floatValue();
      default -> throw wrong(key, value, "a number");
    };
  }

  private GgufException outOfRange(String what, Number value) {
    return new GgufException(
        source + ": metadata key " + shown(what) + " is " + value + ", which is out of range");
  }

  private GgufException wrong(String key, Object value, String wanted) {
    return new GgufException(
        source
            + ": metadata key "
            + shown(key)
            + " is "
            + kind(value)
            + " where "
            + wanted
            + " belongs");
  }

  private static String kind(Object value) {
    return switch (value) {
      case Long _, BigInteger _ -> "an integer";
      case Float _, Double _ -> "a float";
      case Boolean _ -> "a bool";
      case String _ -> "a string";
      case ArrayValue array -> "an array of " + array.type();
      case List<?> _ -> "an array";
      default -> "of an unknown kind";
    };
  }

  /** A string array seen as strings. */
  private static final class Strings extends java.util.AbstractList<String>
      implements java.util.RandomAccess {
    private final ArrayValue array;

    Strings(ArrayValue array) {
      this.array = array;
    }

    @Override
    public int size() {
      return array.size();
    }

    @Override
    public String get(int index) {
      return array.string(java.util.Objects.checkIndex(index, array.size()));
    }
  }
}
