// The made-up machine behind both stand-in drivers: memory with guard pages, queues that run nothing before
// somebody waits, recorded graphs, kernel libraries, counts, and failures to order. Status codes are those
// that CUDA and HIP share.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "module.h"

namespace standin {

enum Status {
  kSuccess = 0,
  kInvalidValue = 1,
  kOutOfMemory = 2,
  kNoDevice = 100,
  kInvalidDevice = 101,
  kInvalidImage = 200,
  kInvalidContext = 201,
  kNoBinary = 209,
  kInvalidHandle = 400,
  kNotFound = 500,
  kNotReady = 600,
  kIllegalAddress = 700,
  kPeerAlreadyEnabled = 704,
  kMisaligned = 716,
  kLaunchFailed = 719,
  kNotSupported = 801,
  kCaptureUnsupported = 900
};

// What can be ordered to fail, by the number of the call.
enum Fault { kFaultAlloc, kFaultPinned, kFaultLaunch, kFaultKernel, kFaultModule, kFaultGraph,
             kFaultContext, kFaultCopy, kFaults };

enum Count { kAllocations, kFrees, kLaunches, kGraphLaunches, kKernels, kSynchronisations, kBytesIn,
             kBytesOut, kBytesPeer, kModules, kGraphs, kOverruns, kLive, kCounts };

constexpr size_t kPage = 4096;

struct Stream;

struct Context {
  int device;
  int status = kSuccess;
  std::set<Stream*> streams;
  std::set<void*> modules;
  std::set<Context*> peers;
};

typedef std::function<int()> Work;

struct Stream {
  Context* context;
  std::deque<Work> queue;
  bool capturing = false;
  std::vector<Work> captured;
};

struct Event {
  Stream* stream = nullptr;
  uint64_t recorded = 0;
  uint64_t reached = 0;
};

struct Graph {
  std::vector<Work> work;
};

struct Module {
  void* library;
  RunKernel run;
  size_t stackBytes;
};

struct Kernel {
  Module* module;
  const KernelEntry* entry;
};

struct Machine {
  int devices = 2;
  size_t memory = (size_t)4 << 30;
  int version = 12060;
  int capability = 86;
  int init = kSuccess;
  std::string modules;
};

extern Machine machine;
extern thread_local Context* current;

// What a kernel was last found doing wrong.
extern char message[1024];

int due(Fault fault);
void count(Count what, int64_t n);

Context* openContext(int device);
void closeContext(Context* context);
size_t freeBytes(int device);

int allocate(Context* context, void** address, size_t bytes);
int release(void* address);
int allocatePinned(void** address, size_t bytes);
int releasePinned(void* address);
bool isPinned(const void* address, size_t bytes);

Stream* newStream(Context* context);
int closeStream(Stream* stream);
int enqueue(Stream* stream, Work work);
int synchronise(Stream* stream);
int synchronise(Context* context);

int copyIn(Stream* stream, void* to, const void* from, size_t bytes);
int copyOut(Stream* stream, void* to, const void* from, size_t bytes);
int copy(Stream* stream, void* to, Context* toContext, const void* from, size_t bytes);
int fill(Stream* stream, void* to, unsigned char value, size_t bytes);

int record(Stream* stream, Event* event);
int await(Stream* stream, Event* event);
int synchronise(Event* event);

int beginCapture(Stream* stream);
int endCapture(Stream* stream, Graph** graph);
int launch(Stream* stream, Graph* graph);

/** Lets kernels that touch what they must not end without the process. */
void catchFaults();
int loadModule(Context* context, const char* path, Module** module);
int unloadModule(Module* module);
int findKernel(Module* module, const char* name, Kernel** kernel);
int launch(Stream* stream, Kernel* kernel, const unsigned grid[3], const unsigned block[3],
           unsigned shared, void** arguments);

}  // namespace standin
