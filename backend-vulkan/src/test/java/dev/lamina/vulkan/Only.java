package dev.lamina.vulkan;

import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.List;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Names the methods of the contract that a class runs, where another class runs all of them. */
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(Only.Named.class)
@interface Only {
  /** The methods' names. */
  String[] value();

  /** Leaves the other methods out. */
  final class Named implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      List<String> names =
          List.of(context.getRequiredTestClass().getAnnotation(Only.class).value());
      return context
          .getTestMethod()
          .filter(method -> !names.contains(method.getName()))
          .map(method -> ConditionEvaluationResult.disabled("another class runs it"))
          .orElse(ConditionEvaluationResult.enabled("named"));
    }
  }
}
