// NVIDIA's driver interface on the made-up machine, as far as the backend uses it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

using namespace standin;

#define SYNCHRONISE cuCtxSynchronize
#define INIT cuInit
#define VERSION cuDriverGetVersion
#define CAN_ACCESS_PEER cuDeviceCanAccessPeer
#define MEMORY_INFO cuMemGetInfo_v2
#define ALLOCATE cuMemAlloc_v2
#define FREE cuMemFree_v2
#define ALLOCATE_PINNED cuMemHostAlloc
#define FREE_PINNED cuMemFreeHost
#define STREAM_CREATE cuStreamCreate
#define STREAM_DESTROY cuStreamDestroy_v2
#define STREAM_SYNCHRONISE cuStreamSynchronize
#define STREAM_AWAIT cuStreamWaitEvent
#define BEGIN_CAPTURE cuStreamBeginCapture_v2
#define END_CAPTURE cuStreamEndCapture
#define GRAPH_DESTROY cuGraphDestroy
#define GRAPH_EXEC_DESTROY cuGraphExecDestroy
#define GRAPH_LAUNCH cuGraphLaunch
#define EVENT_CREATE cuEventCreate
#define EVENT_DESTROY cuEventDestroy_v2
#define EVENT_RECORD cuEventRecord
#define EVENT_SYNCHRONISE cuEventSynchronize
#define MODULE_UNLOAD cuModuleUnload
#define MODULE_KERNEL cuModuleGetFunction
#define LAUNCH cuLaunchKernel

#include "driver.inc"

extern "C" {

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

int cuCtxEnablePeerAccess(Context* peer, unsigned) {
  ENTER();
  return current->peers.insert(peer).second ? kSuccess : kPeerAlreadyEnabled;
}

int cuGraphInstantiateWithFlags(Graph** exec, Graph* graph, unsigned long long) {
  ENTER();
  int status = due(kFaultGraph);
  if (status) return status;
  *exec = new Graph(*graph);
  return kSuccess;
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

}
