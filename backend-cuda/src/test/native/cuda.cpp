// NVIDIA's driver interface on the made-up machine, as far as the backend uses it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

using namespace standin;

namespace {

// Every entry of the driver says the failure of the context once that has failed.
int entered() {
  if (!current) return kInvalidContext;
  return current->status;
}

}  // namespace

#define ENTER()              \
  int entering = entered();  \
  if (entering) return entering;

extern "C" {

int cuInit(unsigned) { return machine.init; }

int cuDriverGetVersion(int* version) {
  *version = machine.version;
  return kSuccess;
}

int cuDeviceGetCount(int* n) {
  *n = machine.devices;
  return kSuccess;
}

int cuDeviceGet(int* device, int ordinal) {
  *device = ordinal;
  return ordinal >= 0 && ordinal < machine.devices ? kSuccess : kInvalidDevice;
}

int cuDeviceGetName(char* name, int n, int device) {
  snprintf(name, n, "Stand-in CUDA card");
  return kSuccess;
}

int cuDeviceTotalMem_v2(size_t* bytes, int) {
  *bytes = machine.memory;
  return kSuccess;
}

int cuDeviceGetAttribute(int* value, int attribute, int device) {
  switch (attribute) {
    case 1: *value = 1024; break;                        // threads of a block
    case 8: *value = 48 * 1024; break;                   // shared memory of a block
    case 10: *value = 32; break;                         // warp size
    case 16: *value = 4; break;                          // multiprocessors
    case 18: *value = 0; break;                          // integrated
    case 33: *value = device + 1; break;                 // PCI bus
    case 34: *value = 0; break;                          // PCI device
    case 50: *value = 0; break;                          // PCI domain
    case 75: *value = machine.capability / 10; break;
    case 76: *value = machine.capability % 10; break;
    default: return kInvalidValue;
  }
  return kSuccess;
}

int cuGetErrorString(int, const char** text) {
  *text = "stand-in";
  return kSuccess;
}

int cuCtxCreate_v2(Context** context, unsigned, int device) {
  int status = due(kFaultContext);
  if (status) return status;
  *context = current = openContext(device);
  return kSuccess;
}

int cuCtxDestroy_v2(Context* context) {
  closeContext(context);
  return kSuccess;
}

int cuCtxSetCurrent(Context* context) {
  current = context;
  return kSuccess;
}

int cuCtxSynchronize() {
  ENTER();
  return synchronise(current);
}

int cuDeviceCanAccessPeer(int* can, int, int) {
  *can = 1;
  return kSuccess;
}

int cuCtxEnablePeerAccess(Context* peer, unsigned) {
  ENTER();
  return current->peers.insert(peer).second ? kSuccess : kPeerAlreadyEnabled;
}

int cuMemGetInfo_v2(size_t* free, size_t* total) {
  ENTER();
  *free = freeBytes(current->device);
  *total = machine.memory;
  return kSuccess;
}

int cuMemAlloc_v2(void** address, size_t bytes) {
  ENTER();
  return allocate(current, address, bytes);
}

int cuMemFree_v2(void* address) { return release(address); }

int cuMemHostAlloc(void** address, size_t bytes, unsigned) {
  ENTER();
  return allocatePinned(address, bytes);
}

int cuMemFreeHost(void* address) { return releasePinned(address); }

int cuStreamCreate(Stream** stream, unsigned) {
  ENTER();
  *stream = newStream(current);
  return kSuccess;
}

int cuStreamDestroy_v2(Stream* stream) { return closeStream(stream); }

int cuStreamSynchronize(Stream* stream) {
  ENTER();
  return synchronise(stream);
}

int cuStreamWaitEvent(Stream* stream, Event* event, unsigned) {
  ENTER();
  return await(stream, event);
}

int cuStreamBeginCapture_v2(Stream* stream, int) {
  ENTER();
  return beginCapture(stream);
}

int cuStreamEndCapture(Stream* stream, Graph** graph) { return endCapture(stream, graph); }

int cuGraphInstantiateWithFlags(Graph** exec, Graph* graph, unsigned long long) {
  ENTER();
  int status = due(kFaultGraph);
  if (status) return status;
  *exec = new Graph(*graph);
  return kSuccess;
}

int cuGraphDestroy(Graph* graph) {
  delete graph;
  return kSuccess;
}

int cuGraphExecDestroy(Graph* exec) {
  delete exec;
  return kSuccess;
}

int cuGraphLaunch(Graph* exec, Stream* stream) {
  ENTER();
  return launch(stream, exec);
}

int cuEventCreate(Event** event, unsigned) {
  ENTER();
  *event = new Event;
  return kSuccess;
}

// Queues may still hold work that sets it.
int cuEventDestroy_v2(Event*) { return kSuccess; }

int cuEventRecord(Event* event, Stream* stream) {
  ENTER();
  return record(stream, event);
}

int cuEventSynchronize(Event* event) {
  ENTER();
  return synchronise(event);
}

int cuMemcpyHtoDAsync_v2(void* to, const void* from, size_t bytes, Stream* stream) {
  ENTER();
  return copyIn(stream, to, from, bytes);
}

int cuMemcpyDtoHAsync_v2(void* to, const void* from, size_t bytes, Stream* stream) {
  ENTER();
  return copyOut(stream, to, from, bytes);
}

int cuMemcpyDtoDAsync_v2(void* to, const void* from, size_t bytes, Stream* stream) {
  ENTER();
  return copy(stream, to, current, from, bytes);
}

int cuMemcpyPeerAsync(void* to, Context* peer, const void* from, Context*, size_t bytes,
                      Stream* stream) {
  ENTER();
  return copy(stream, to, peer, from, bytes);
}

int cuMemsetD8Async(void* to, unsigned char value, size_t bytes, Stream* stream) {
  ENTER();
  return fill(stream, to, value, bytes);
}

// PTX names its module in a comment; the library with that name, compiled from the same text, stands for it.
int cuModuleLoadData(Module** module, const char* image) {
  ENTER();
  static const char kMark[] = "// Lamina module ";
  const char* at = strstr(image, kMark);
  if (!at) return kInvalidImage;
  char name[64];
  if (sscanf(at + sizeof kMark - 1, "%63s", name) != 1) return kInvalidImage;
  std::string path = machine.modules + "/" + name + ".so";
  return loadModule(current, path.c_str(), module);
}

int cuModuleLoadDataEx(Module** module, const char* image, unsigned, int*, void**) {
  return cuModuleLoadData(module, image);
}

int cuModuleUnload(Module* module) { return unloadModule(module); }

int cuModuleGetFunction(Kernel** kernel, Module* module, const char* name) {
  ENTER();
  return findKernel(module, name, kernel);
}

int cuLaunchKernel(Kernel* kernel, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                   unsigned blockY, unsigned blockZ, unsigned shared, Stream* stream,
                   void** arguments, void**) {
  ENTER();
  unsigned grid[] = {gridX, gridY, gridZ};
  unsigned block[] = {blockX, blockY, blockZ};
  return launch(stream, kernel, grid, block, shared, arguments);
}
}
