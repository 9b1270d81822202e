package dev.lamina.chat.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs statements, loops and macros, and collects what they print; one for each render. Expressions
 * are computed by its {@link Evaluator}.
 */
final class Renderer {
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

  private final Work work;
  private final Evaluator evaluator;
  private StringBuilder out = new StringBuilder();

  Renderer(Work work) {
    this.work = work;
    this.evaluator = new Evaluator(work, this);
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
      case Stmt.Print print -> write(Printer.str(evaluator.evaluate(print.value(), scope), work));
      case Stmt.If branches -> {
        return runIf(branches, scope);
      }
      case Stmt.For loop -> runFor(loop, evaluator.evaluate(loop.iterable(), scope), scope, 0);
      case Stmt.Set set -> assign(set.target(), evaluator.evaluate(set.value(), scope), scope);
      case Stmt.SetBlock set -> {
        Value text = capture(set.body(), new Scope(scope));
        assign(set.target(), evaluator.filter(text, set.filters(), scope), scope);
      }
      case Stmt.Macro macro ->
          scope.set(macro.function().name(), new Value.MacroValue(macro.function(), scope));
      case Stmt.CallBlock block -> {
        Value.MacroValue caller = new Value.MacroValue(block.caller(), scope);
        Expr.Call call = block.call();
        Value callee = evaluator.evaluate(call.callee(), scope);
        Args args = evaluator.arguments(call.arguments(), scope);
        work.line = call.line();
        Value result =
            callee instanceof Value.MacroValue macro
                ? callMacro(macro, args, caller)
                : evaluator.call(callee, args);
        write(Printer.str(result, work));
      }
      case Stmt.FilterBlock block -> {
        Value text = capture(block.body(), new Scope(scope));
        write(Printer.str(evaluator.filter(text, block.filters(), scope), work));
      }
      case Stmt.With with -> {
        Scope inner = new Scope(scope);
        for (int i = 0; i < with.targets().size(); i++) {
          assign(with.targets().get(i), evaluator.evaluate(with.values().get(i), scope), inner);
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
    while (chosen < tests.size() && !Values.truth(evaluator.evaluate(tests.get(chosen), scope))) {
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
        if (Values.truth(evaluator.evaluate(loop.filter(), inner))) {
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

  /** {@code loop(items)} in a recursive loop: the loop again, over other items. */
  Value recurse(LoopState state, Args args) {
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

  /**
   * Runs a macro.
   *
   * @param caller the body of the {@code call} block that calls it; null elsewhere
   */
  Value callMacro(Value.MacroValue macro, Args args, Value caller) {
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
        value = evaluator.evaluate(function.defaults().get(i - firstDefault), scope);
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
