package dev.lamina.chat.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs statements and evaluates expressions; one for each render. */
final class Evaluator {
  /** How a body ended. */
  private enum End {
    NORMAL,
    BREAK,
    CONTINUE
  }

  /** Where a loop is. */
  static final class LoopState {
    final Stmt.For statement;
    final Scope scope;
    final List<Value> items;
    final int depth;
    int index;

    /** What {@code loop.changed} saw last. */
    List<Value> last;

    LoopState(Stmt.For statement, Scope scope, List<Value> items, int depth) {
      this.statement = statement;
      this.scope = scope;
      this.items = items;
      this.depth = depth;
    }
  }

  final Work work;
  private StringBuilder out = new StringBuilder();

  Evaluator(Work work) {
    this.work = work;
  }

  String render(List<Stmt> statements, Scope scope) {
    run(statements, scope);
    return out.toString();
  }

  private void write(String text) {
    work.chars(text.length());
    work.output((long) out.length() + text.length());
    out.append(text);
  }

  /** Runs a body and returns what it prints. */
  private Value.Str capture(List<Stmt> body, Scope scope) {
    StringBuilder outer = out;
    out = new StringBuilder();
    run(body, scope);
    String text = out.toString();
    out = outer;
    return new Value.Str(text);
  }

  private End run(List<Stmt> statements, Scope scope) {
    for (Stmt statement : statements) {
      work.enter();
      work.line = statement.line();
      End end = run(statement, scope);
      work.leave();
      if (end != End.NORMAL) {
        return end;
      }
    }
    return End.NORMAL;
  }

  private End run(Stmt statement, Scope scope) {
    switch (statement) {
      case Stmt.Data data -> write(data.text());
      case Stmt.Print print -> write(Printer.str(evaluate(print.value(), scope), work));
      case Stmt.If branches -> {
        return runIf(branches, scope);
      }
      case Stmt.For loop -> runFor(loop, evaluate(loop.iterable(), scope), scope, 0);
      case Stmt.Set set -> assign(set.target(), evaluate(set.value(), scope), scope);
      case Stmt.SetBlock set -> {
        Value text = capture(set.body(), new Scope(scope));
        assign(set.target(), filter(text, set.filters(), scope), scope);
      }
      case Stmt.Macro macro ->
          scope.set(macro.function().name(), new Value.MacroValue(macro.function(), scope));
      case Stmt.CallBlock block -> {
        Value.MacroValue caller = new Value.MacroValue(block.caller(), scope);
        Expr.Call call = block.call();
        Value callee = evaluate(call.callee(), scope);
        Args args = arguments(call.arguments(), scope);
        work.line = call.line();
        Value result =
            callee instanceof Value.MacroValue macro
                ? callMacro(macro, args, caller)
                : call(callee, args);
        write(Printer.str(result, work));
      }
      case Stmt.FilterBlock block -> {
        Value text = capture(block.body(), new Scope(scope));
        write(Printer.str(filter(text, block.filters(), scope), work));
      }
      case Stmt.With with -> {
        Scope inner = new Scope(scope);
        for (int i = 0; i < with.targets().size(); i++) {
          assign(with.targets().get(i), evaluate(with.values().get(i), scope), inner);
        }
        return run(with.body(), inner);
      }
      case Stmt.Scoped scoped -> {
        return run(scoped.body(), new Scope(scope));
      }
      case Stmt.Break _ -> {
        return End.BREAK;
      }
      case Stmt.Continue _ -> {
        return End.CONTINUE;
      }
    }
    return End.NORMAL;
  }

  private End runIf(Stmt.If branches, Scope scope) {
    List<Expr> tests = branches.tests();
    int chosen = 0;
    while (chosen < tests.size() && !Values.truth(evaluate(tests.get(chosen), scope))) {
      chosen++;
    }
    return run(branches.bodies().get(chosen), scope);
  }

  private void runFor(Stmt.For loop, Value iterable, Scope scope, int depth) {
    List<Value> items = Values.walk(iterable, work);
    if (loop.filter() != null) {
      List<Value> kept = new ArrayList<>();
      for (Value item : items) {
        Scope inner = new Scope(scope);
        assign(loop.target(), item, inner);
        if (Values.truth(evaluate(loop.filter(), inner))) {
          kept.add(item);
        }
      }
      items = kept;
    }
    if (items.isEmpty()) {
      run(loop.otherwise(), new Scope(scope));
      return;
    }
    LoopState state = new LoopState(loop, scope, items, depth);
    Value.Loop value = new Value.Loop(state);
    for (; state.index < items.size(); state.index++) {
      work.step();
      Scope inner = new Scope(scope);
      inner.set("loop", value);
      assign(loop.target(), items.get(state.index), inner);
      if (run(loop.body(), inner) == End.BREAK) {
        return;
      }
    }
  }

  private void assign(Stmt.Target target, Value value, Scope scope) {
    switch (target) {
      case Stmt.Target.Variable variable -> scope.set(variable.name(), value);
      case Stmt.Target.Member member -> {
        if (!(scope.find(member.namespace()) instanceof Value.Namespace namespace)) {
          throw work.error(
              "'"
                  + member.namespace()
                  + "' is no namespace, so that its attribute '"
                  + member.attribute()
                  + "' cannot be set");
        }
        namespace.attributes.put(member.attribute(), value);
        work.elements(namespace.attributes.size());
      }
      case Stmt.Target.Several several -> {
        List<Value> items = Values.walk(value, work);
        if (items.size() != several.targets().size()) {
          throw work.error(
              "cannot set " + several.targets().size() + " names to " + items.size() + " values");
        }
        for (int i = 0; i < items.size(); i++) {
          assign(several.targets().get(i), items.get(i), scope);
        }
      }
    }
  }

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
                : Operators.negate(operand, unary.operator() == Operator.SUBTRACT, work);
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
      return Operators.slice(target, from, to, step, work);
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
        return Operators.arithmetic(binary.operator(), left, right, work);
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
      if (!Operators.compare(compare.operators().get(i), left, right, work)) {
        return Value.Bool.FALSE;
      }
      left = right;
    }
    return Value.Bool.TRUE;
  }

  private Value filter(Value input, List<Expr.FilterCall> filters, Scope scope) {
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

  private Args arguments(Expr.Arguments arguments, Scope scope) {
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

  private Value call(Value callee, Args args) {
    return switch (callee) {
      case Value.MacroValue macro -> callMacro(macro, args, null);
      case Value.Method method -> Methods.call(method.receiver(), method.name(), args, work);
      case Value.Global global -> Globals.call(global, args, work);
      case Value.Stepper stepper -> Globals.step(stepper, args, work);
      case Value.Loop loop -> recurse(loop.state, args);
      case Value.Undefined u -> throw work.error(u.reason());
      case Value.Str _, Value.Num _, Value.None _, Value.Seq _, Value.Dict _, Value.Namespace _ ->
          throw work.error("a " + callee.type() + " cannot be called");
    };
  }

  /** {@code loop(items)} in a recursive loop: the loop again, over other items. */
  private Value recurse(LoopState state, Args args) {
    if (!state.statement.recursive()) {
      throw work.error("this loop is not 'recursive', so that 'loop' cannot be called");
    }
    Value iterable = args.bind("loop", work, "iterable")[0];
    if (iterable == null) {
      throw work.error("'loop' needs what to loop over");
    }
    StringBuilder outer = out;
    out = new StringBuilder();
    int line = work.line;
    work.enter();
    runFor(state.statement, iterable, state.scope, state.depth + 1);
    work.leave();
    work.line = line;
    String text = out.toString();
    out = outer;
    return new Value.Str(text);
  }

  private Value callMacro(Value.MacroValue macro, Args args, Value caller) {
    Stmt.Function function = macro.function();
    List<String> parameters = function.parameters();
    Scope scope = new Scope(macro.scope());
    Map<String, Value> named = new LinkedHashMap<>(args.named());
    Value explicitCaller = named.remove("caller");
    scope.set(
        "caller",
        caller != null
            ? caller
            : explicitCaller != null
                ? explicitCaller
                : new Value.Undefined("'" + function.name() + "' was not called by 'call'"));
    int firstDefault = parameters.size() - function.defaults().size();
    for (int i = 0; i < parameters.size(); i++) {
      String name = parameters.get(i);
      Value value;
      if (i < args.positional().size()) {
        value = args.positional().get(i);
        if (named.containsKey(name)) {
          throw work.error("'" + function.name() + "' gets its argument '" + name + "' twice");
        }
      } else if (named.containsKey(name)) {
        value = named.remove(name);
      } else if (i >= firstDefault) {
        value = evaluate(function.defaults().get(i - firstDefault), scope);
      } else {
        value = new Value.Undefined("the argument '" + name + "' was not given");
      }
      scope.set(name, value);
    }
    bindRest(function, args, named, scope);
    int line = work.line;
    Value.Str text = capture(function.body(), scope);
    work.line = line;
    return text;
  }

  private void bindRest(Stmt.Function function, Args args, Map<String, Value> named, Scope scope) {
    int count = function.parameters().size();
    if (function.varargs()) {
      List<Value> rest =
          args.positional().size() > count
              ? args.positional().subList(count, args.positional().size())
              : List.of();
      scope.set("varargs", Value.Seq.tuple(rest, work));
    } else if (args.positional().size() > count) {
      throw work.error("'" + function.name() + "' takes no more than " + count + " arguments");
    }
    if (function.kwargs()) {
      Map<Value, Value> rest = new LinkedHashMap<>();
      named.forEach((name, value) -> rest.put(new Value.Str(name), value));
      scope.set("kwargs", new Value.Dict(rest, work));
    } else if (!named.isEmpty()) {
      throw work.error(
          "'" + function.name() + "' has no argument '" + named.keySet().iterator().next() + "'");
    }
  }
}
