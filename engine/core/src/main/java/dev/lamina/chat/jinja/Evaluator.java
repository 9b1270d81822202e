package dev.lamina.chat.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Evaluates expressions; one for each render. */
final class Evaluator {
  private final Work work;

  /** Runs what macros and recursive loops consist of. */
  private final Renderer renderer;

  Evaluator(Work work, Renderer renderer) {
    this.work = work;
    this.renderer = renderer;
  }

  /** The value of an expression. */
  Value evaluate(Expr expr, Scope scope) {
    work.enter();
    Value value =
        switch (expr) {
          case Expr.Const constant -> constant.value();
          case Expr.Name name -> {
            Value found = scope.find(name.name());
            yield found != null ? found : new Value.Undefined("'" + name.name() + "' is undefined");
          }
          case Expr.Attribute attribute -> {
            Value target = evaluate(attribute.target(), scope);
            work.line = attribute.line();
            yield Attributes.attribute(target, attribute.name(), work);
          }
          case Expr.Item item -> item(item, scope);
          case Expr.Slice slice -> throw new TemplateException(slice.line(), "a slice of nothing");
          case Expr.Sequence sequence -> {
            List<Value> items = evaluateAll(sequence.items(), scope);
            work.elements(items.size());
            yield sequence.tuple() ? Value.Seq.tuple(items, work) : Value.Seq.list(items, work);
          }
          case Expr.Mapping mapping -> mapping(mapping, scope);
          case Expr.Unary unary -> {
            Value operand = evaluate(unary.operand(), scope);
            work.line = unary.line();
            yield unary.operator() == Operator.NOT
                ? Value.Bool.of(!Values.truth(operand))
                : Arithmetic.negate(operand, unary.operator() == Operator.SUBTRACT, work);
          }
          case Expr.Binary binary -> binary(binary, scope);
          case Expr.Concat concat -> concat(concat, scope);
          case Expr.Compare compare -> compare(compare, scope);
          case Expr.Conditional conditional -> {
            if (Values.truth(evaluate(conditional.test(), scope))) {
              yield evaluate(conditional.then(), scope);
            }
            yield conditional.otherwise() != null
                ? evaluate(conditional.otherwise(), scope)
                : new Value.Undefined("an 'if' without 'else' whose test does not hold");
          }
          case Expr.Call call -> {
            Value callee = evaluate(call.callee(), scope);
            Args args = arguments(call.arguments(), scope);
            work.line = call.line();
            yield call(callee, args);
          }
          case Expr.Filtered filtered -> {
            Value input = evaluate(filtered.input(), scope);
            yield filter(input, filtered.filter(), scope);
          }
          case Expr.Tested tested -> {
            Value input = evaluate(tested.input(), scope);
            Args args = arguments(tested.arguments(), scope);
            work.line = tested.line();
            yield Value.Bool.of(Tests.test(tested.test(), input, args, work));
          }
        };
    work.leave();
    return value;
  }

  private List<Value> evaluateAll(List<Expr> expressions, Scope scope) {
    List<Value> values = new ArrayList<>(expressions.size());
    for (Expr expression : expressions) {
      values.add(evaluate(expression, scope));
    }
    return values;
  }

  private Value evaluateOrNone(Expr expr, Scope scope) {
    return expr == null ? Value.None.NONE : evaluate(expr, scope);
  }

  private Value item(Expr.Item item, Scope scope) {
    Value target = evaluate(item.target(), scope);
    if (item.index() instanceof Expr.Slice slice) {
      Value from = evaluateOrNone(slice.from(), scope);
      Value to = evaluateOrNone(slice.to(), scope);
      Value step = evaluateOrNone(slice.step(), scope);
      work.line = item.line();
      return Elements.slice(target, from, to, step, work);
    }
    Value index = evaluate(item.index(), scope);
    work.line = item.line();
    return Attributes.item(target, index, work);
  }

  private Value mapping(Expr.Mapping mapping, Scope scope) {
    Map<Value, Value> entries = new LinkedHashMap<>();
    for (int i = 0; i < mapping.keys().size(); i++) {
      Value key = evaluate(mapping.keys().get(i), scope);
      work.line = mapping.line();
      entries.put(Values.key(key, work), evaluate(mapping.values().get(i), scope));
    }
    work.elements(entries.size());
    return new Value.Dict(entries, work);
  }

  private Value binary(Expr.Binary binary, Scope scope) {
    Value left = evaluate(binary.left(), scope);
    switch (binary.operator()) {
      case AND -> {
        return Values.truth(left) ? evaluate(binary.right(), scope) : left;
      }
      case OR -> {
        return Values.truth(left) ? left : evaluate(binary.right(), scope);
      }
      default -> {
        Value right = evaluate(binary.right(), scope);
        work.line = binary.line();
        return Arithmetic.arithmetic(binary.operator(), left, right, work);
      }
    }
  }

  private Value concat(Expr.Concat concat, Scope scope) {
    StringBuilder text = new StringBuilder();
    for (Expr part : concat.parts()) {
      String s = Printer.str(evaluate(part, scope), work);
      work.chars(s.length());
      text.append(s);
    }
    return new Value.Str(text.toString());
  }

  private Value compare(Expr.Compare compare, Scope scope) {
    Value left = evaluate(compare.first(), scope);
    for (int i = 0; i < compare.operators().size(); i++) {
      Value right = evaluate(compare.operands().get(i), scope);
      work.line = compare.line();
      if (!Comparison.compare(compare.operators().get(i), left, right, work)) {
        return Value.Bool.FALSE;
      }
      left = right;
    }
    return Value.Bool.TRUE;
  }

  /** A value through several filters, one after the other. */
  Value filter(Value input, List<Expr.FilterCall> filters, Scope scope) {
    Value value = input;
    for (Expr.FilterCall filter : filters) {
      value = filter(value, filter, scope);
    }
    return value;
  }

  private Value filter(Value input, Expr.FilterCall filter, Scope scope) {
    Args args = arguments(filter.arguments(), scope);
    work.line = filter.line();
    return Filters.apply(filter.name(), input, args, work);
  }

  /** The arguments of a call, evaluated. */
  Args arguments(Expr.Arguments arguments, Scope scope) {
    if (arguments == Expr.Arguments.NONE) {
      return Args.NONE;
    }
    List<Value> positional = evaluateAll(arguments.positional(), scope);
    if (arguments.star() != null) {
      positional.addAll(Values.walk(evaluate(arguments.star(), scope), work));
    }
    Map<String, Value> named = new LinkedHashMap<>();
    for (int i = 0; i < arguments.names().size(); i++) {
      named.put(arguments.names().get(i), evaluate(arguments.named().get(i), scope));
    }
    if (arguments.starStar() != null) {
      if (!(evaluate(arguments.starStar(), scope) instanceof Value.Dict dict)) {
        throw work.error("what follows '**' must be a mapping");
      }
      work.steps(dict.entries.size());
      dict.entries.forEach(
          (key, value) -> named.put(Values.string(key, "the name of an argument", work), value));
    }
    return new Args(positional, named);
  }

  /** Calls whatever can be called. */
  Value call(Value callee, Args args) {
    return switch (callee) {
      case Value.MacroValue macro -> renderer.callMacro(macro, args, null);
      case Value.Method method -> Methods.call(method.receiver(), method.name(), args, work);
      case Value.Global global -> Globals.call(global, args, work);
      case Value.Stepper stepper -> Globals.step(stepper, args, work);
      case Value.Loop loop -> renderer.recurse(loop.state, args);
      case Value.Undefined u -> throw work.error(u.reason());
      case Value.Str _, Value.Num _, Value.None _, Value.Seq _, Value.Dict _, Value.Namespace _ ->
          throw work.error("a " + callee.type() + " cannot be called");
    };
  }
}
