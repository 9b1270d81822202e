// AMD's HIP runtime on the made-up machine, as far as the backend uses it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

using namespace standin;

namespace {

std::map<int, Context*> contexts;

// HIP's runtime makes a context for each card by itself, and it stays.
int entered() {
  if (!current) return kInvalidContext;
  return current->status;
}

}  // namespace

#define ENTER()              \
  int entering = entered();  \
  if (entering) return entering;

extern "C" {

int hipInit(unsigned) { return machine.init; }

int hipRuntimeGetVersion(int* version) {
  *version = machine.version;
  return kSuccess;
}

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

int hipDeviceSynchronize() {
  ENTER();
  return synchronise(current);
}

int hipDeviceCanAccessPeer(int* can, int, int) {
  *can = 1;
  return kSuccess;
}

int hipDeviceEnablePeerAccess(int peer, unsigned) {
  ENTER();
  return current->peers.insert((Context*)(intptr_t)(peer + 1)).second ? kSuccess : kPeerAlreadyEnabled;
}

int hipMemGetInfo(size_t* free, size_t* total) {
  ENTER();
  *free = freeBytes(current->device);
  *total = machine.memory;
  return kSuccess;
}

int hipMalloc(void** address, size_t bytes) {
  ENTER();
  return allocate(current, address, bytes);
}

int hipFree(void* address) { return release(address); }

int hipHostMalloc(void** address, size_t bytes, unsigned) {
  ENTER();
  return allocatePinned(address, bytes);
}

int hipHostFree(void* address) { return releasePinned(address); }

int hipStreamCreateWithFlags(Stream** stream, unsigned) {
  ENTER();
  *stream = newStream(current);
  return kSuccess;
}

int hipStreamDestroy(Stream* stream) { return closeStream(stream); }

int hipStreamSynchronize(Stream* stream) {
  ENTER();
  return synchronise(stream);
}

int hipStreamWaitEvent(Stream* stream, Event* event, unsigned) {
  ENTER();
  return await(stream, event);
}

int hipStreamBeginCapture(Stream* stream, int) {
  ENTER();
  return beginCapture(stream);
}

int hipStreamEndCapture(Stream* stream, Graph** graph) { return endCapture(stream, graph); }

int hipGraphInstantiate(Graph** exec, Graph* graph, void**, char*, size_t) {
  ENTER();
  int status = due(kFaultGraph);
  if (status) return status;
  *exec = new Graph(*graph);
  return kSuccess;
}

int hipGraphDestroy(Graph* graph) {
  delete graph;
  return kSuccess;
}

int hipGraphExecDestroy(Graph* exec) {
  delete exec;
  return kSuccess;
}

int hipGraphLaunch(Graph* exec, Stream* stream) {
  ENTER();
  return launch(stream, exec);
}

int hipEventCreateWithFlags(Event** event, unsigned) {
  ENTER();
  *event = new Event;
  return kSuccess;
}

// Queues may still hold work that sets it.
int hipEventDestroy(Event*) { return kSuccess; }

int hipEventRecord(Event* event, Stream* stream) {
  ENTER();
  return record(stream, event);
}

int hipEventSynchronize(Event* event) {
  ENTER();
  return synchronise(event);
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

int hipModuleUnload(Module* module) { return unloadModule(module); }

int hipModuleGetFunction(Kernel** kernel, Module* module, const char* name) {
  ENTER();
  return findKernel(module, name, kernel);
}

int hipModuleLaunchKernel(Kernel* kernel, unsigned gridX, unsigned gridY, unsigned gridZ,
                          unsigned blockX, unsigned blockY, unsigned blockZ, unsigned shared,
                          Stream* stream, void** arguments, void**) {
  ENTER();
  unsigned grid[] = {gridX, gridY, gridZ};
  unsigned block[] = {blockX, blockY, blockZ};
  return launch(stream, kernel, grid, block, shared, arguments);
}
}
