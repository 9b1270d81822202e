// What the stand-in driver and a kernel library know of each other.
#pragma once

#include <stddef.h>

struct KernelEntry {
  const char* name;
  void (*call)(void** arguments);
  int count;
  const int* sizes;
};

struct Launch {
  unsigned grid[3];
  unsigned block[3];
  char* shared;
  size_t sharedBytes;
};

typedef int (*RunKernel)(const KernelEntry*, const Launch*, void** arguments, char* stacks,
                         char* message, size_t messageSize);
