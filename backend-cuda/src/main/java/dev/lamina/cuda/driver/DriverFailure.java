package dev.lamina.cuda.driver;

import dev.lamina.backend.DeviceException;
import dev.lamina.backend.DeviceException.Kind;

/** Turns the status codes of the two drivers, which share their numbers, into exceptions. */
public final class DriverFailure {
  private static final int INVALID_VALUE = 1;
  private static final int OUT_OF_MEMORY = 2;
  private static final int DEINITIALISED = 4;
  private static final int DEVICE_UNAVAILABLE = 46;
  private static final int NO_BINARY_FOR_GPU = 209;
  private static final int ECC_UNCORRECTABLE = 214;
  private static final int INVALID_PTX = 218;
  private static final int NVLINK_UNCORRECTABLE = 220;
  private static final int NO_COMPILER = 221;
  private static final int UNSUPPORTED_PTX_VERSION = 222;
  private static final int FILE_NOT_FOUND = 301;
  private static final int SYMBOL_NOT_FOUND = 500;
  private static final int ILLEGAL_ADDRESS = 700;
  private static final int LAUNCH_TIMEOUT = 702;
  private static final int ASSERT = 710;
  private static final int STACK_ERROR = 714;
  private static final int LAUNCH_FAILED = 719;
  private static final int UNKNOWN = 999;

  private DriverFailure() {}

  /**
   * @param device the card, or the driver
   * @param call the function that failed
   * @param code its result
   * @param word the driver's own word for the code
   */
  public static DeviceException of(String device, String call, int code, String word) {
    Kind kind =
        switch (code) {
          case OUT_OF_MEMORY -> Kind.OUT_OF_MEMORY;
          case NO_BINARY_FOR_GPU,
              INVALID_PTX,
              NO_COMPILER,
              UNSUPPORTED_PTX_VERSION,
              FILE_NOT_FOUND,
              SYMBOL_NOT_FOUND ->
              Kind.COMPILE_FAILED;
          // After these nothing runs in the context any more.
          case DEINITIALISED,
              DEVICE_UNAVAILABLE,
              ECC_UNCORRECTABLE,
              NVLINK_UNCORRECTABLE,
              ILLEGAL_ADDRESS,
              LAUNCH_TIMEOUT,
              ASSERT,
              UNKNOWN ->
              Kind.LOST;
          case INVALID_VALUE -> Kind.OTHER;
          default -> code >= STACK_ERROR && code <= LAUNCH_FAILED ? Kind.LOST : Kind.OTHER;
        };
    return new DeviceException(
        kind, "%s: %s failed with error %d (%s)".formatted(device, call, code, word));
  }
}
