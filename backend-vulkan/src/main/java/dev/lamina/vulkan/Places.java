package dev.lamina.vulkan;

import dev.lamina.backend.Value;

/**
 * Where the kernels of a recording find a graph's values.
 *
 * @param memory the program's memory
 * @param size what the recording is for
 */
record Places(ProgramMemory memory, Recording.Size size) {
  /** The most rows that a value has. */
  int rows(Value value) {
    return switch (value.rows()) {
      case TOKENS -> size.tokens();
      case OUTPUTS -> size.outputs();
    };
  }

  /** The address of the number of rows that a value really has. */
  long count(Value value) {
    return switch (value.rows()) {
      case TOKENS -> step(0);
      case OUTPUTS -> step(1);
    };
  }

  long address(Value value) {
    return memory.of(value).address();
  }

  /** What barriers know a value by: values with the same memory have the same. */
  Object slot(Value value) {
    return memory.slot(value);
  }

  /** The address of a word of the step's data. */
  long step(int word) {
    return memory.step().address() + 4L * word;
  }
}
