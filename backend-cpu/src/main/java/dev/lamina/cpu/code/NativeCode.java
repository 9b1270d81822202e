package dev.lamina.cpu.code;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Calls functions that {@link CodeMemory} has placed. All take one argument, the address of a block
 * with what they work on. The thread does not leave its Java state for the call, which costs some
 * nanoseconds, and the garbage collector waits while it runs: keep each below about 100
 * microseconds.
 */
public final class NativeCode {
  /** All of memory. */
  @SuppressWarnings("restricted")
  public static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private static final MethodHandle CALL = link();

  private NativeCode() {}

  @SuppressWarnings("restricted")
  private static MethodHandle link() {
    return Linker.nativeLinker()
        .downcallHandle(
            FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG), Linker.Option.critical(false));
  }

  /**
   * Calls one.
   *
   * @param code its address
   * @param arguments the address of its arguments
   */
  public static void call(long code, long arguments) {
    try {
      CALL.invokeExact(MemorySegment.ofAddress(code), arguments);
    } catch (Throwable e) {
      throw new IllegalStateException("machine code cannot be called", e);
    }
  }
}
