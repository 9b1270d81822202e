// AMD's HIP runtime on the made-up machine, as far as the backend uses it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

using namespace standin;

#define SYNCHRONISE hipDeviceSynchronize
#define INIT hipInit
#define VERSION hipRuntimeGetVersion
#define CAN_ACCESS_PEER hipDeviceCanAccessPeer
#define MEMORY_INFO hipMemGetInfo
#define ALLOCATE hipMalloc
#define FREE hipFree
#define ALLOCATE_PINNED hipHostMalloc
#define FREE_PINNED hipHostFree
#define STREAM_CREATE hipStreamCreateWithFlags
#define STREAM_DESTROY hipStreamDestroy
#define STREAM_SYNCHRONISE hipStreamSynchronize
#define STREAM_AWAIT hipStreamWaitEvent
#define BEGIN_CAPTURE hipStreamBeginCapture
#define END_CAPTURE hipStreamEndCapture
#define GRAPH_DESTROY hipGraphDestroy
#define GRAPH_EXEC_DESTROY hipGraphExecDestroy
#define GRAPH_LAUNCH hipGraphLaunch
#define EVENT_CREATE hipEventCreateWithFlags
#define EVENT_DESTROY hipEventDestroy
#define EVENT_RECORD hipEventRecord
#define EVENT_SYNCHRONISE hipEventSynchronize
#define MODULE_UNLOAD hipModuleUnload
#define MODULE_KERNEL hipModuleGetFunction
#define LAUNCH hipModuleLaunchKernel

#include "driver.inc"

namespace {

// HIP's runtime makes a context for each card by itself, and it stays.
std::map<int, Context*> contexts;

}  // namespace

extern "C" {

int hipGetDeviceCount(int* n) {
  *n = machine.devices;
  return machine.devices ? kSuccess : kNoDevice;
}

const char* hipGetErrorName(int status) {
  return status == kOutOfMemory ? "hipErrorOutOfMemory" : "hipError";
}

int hipGetDeviceProperties(char* properties, int device) {
  memset(properties, 0, 1024);
  snprintf(properties, 256, "Stand-in HIP card");
  auto put = [&](int at, int value) { memcpy(properties + at, &value, sizeof value); };
  memcpy(properties + 256, &machine.memory, sizeof machine.memory);
  put(264, 64 * 1024);
  put(276, 64);
  put(336, 4);
  put(368, device + 3);
  snprintf(properties + 396, 256, "gfx90a:sramecc+:xnack-");
  return kSuccess;
}

int hipSetDevice(int device) {
  if (device < 0 || device >= machine.devices) return kInvalidDevice;
  Context*& context = contexts[device];
  if (!context) {
    int status = due(kFaultContext);
    if (status) return status;
    context = openContext(device);
  }
  current = context;
  return kSuccess;
}

int hipDeviceEnablePeerAccess(int peer, unsigned) {
  ENTER();
  return current->peers.insert((Context*)(intptr_t)(peer + 1)).second ? kSuccess : kPeerAlreadyEnabled;
}

int hipGraphInstantiate(Graph** exec, Graph* graph, void**, char*, size_t) {
  ENTER();
  int status = due(kFaultGraph);
  if (status) return status;
  *exec = new Graph(*graph);
  return kSuccess;
}

int hipMemcpyAsync(void* to, const void* from, size_t bytes, int kind, Stream* stream) {
  ENTER();
  switch (kind) {
    case 1: return copyIn(stream, to, from, bytes);
    case 2: return copyOut(stream, to, from, bytes);
    case 3: return copy(stream, to, current, from, bytes);
    default: return kInvalidValue;
  }
}

int hipMemcpyPeerAsync(void* to, int peer, const void* from, int, size_t bytes, Stream* stream) {
  ENTER();
  return copy(stream, to, contexts[peer], from, bytes);
}

int hipMemsetAsync(void* to, int value, size_t bytes, Stream* stream) {
  ENTER();
  return fill(stream, to, (unsigned char)value, bytes);
}

// A code object of the stand-in names the library that has the code.
int hipModuleLoadData(Module** module, const char* image) {
  ENTER();
  char path[1024];
  if (sscanf(image, "stand-in %1023s", path) != 1) return kInvalidImage;
  return loadModule(current, path, module);
}

}
