#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <memory>

namespace standin {

// Tests say where the kernel libraries lie; for other programs the environment does.
Machine machine = [] {
  Machine machine;
  if (const char* folder = getenv("STANDIN_MODULES")) machine.modules = folder;
  return machine;
}();
thread_local Context* current;
char message[1024];

namespace {

constexpr size_t kAlign = 256;
constexpr unsigned char kSlack = 0x5b;
constexpr unsigned char kFresh = 0xff;

struct Memory {
  Context* context;
  char* map;
  size_t mapBytes;
  size_t bytes;
  size_t roomBytes;
};

std::map<uintptr_t, Memory> memories;
std::map<uintptr_t, size_t> pinned;
std::map<int, size_t> used;
std::set<Context*> contexts;
int64_t counts[kCounts];
int64_t calls[kFaults];
int64_t orders[kFaults];
int orderedStatus[kFaults];
size_t roundUp(size_t n, size_t to) { return (n + to - 1) / to * to; }

/** The allocation that holds all of these bytes, or null. */
Memory* holder(const void* address, size_t bytes) {
  auto after = memories.upper_bound((uintptr_t)address);
  if (after == memories.begin()) return nullptr;
  auto& found = *--after;
  uintptr_t end = found.first + found.second.bytes;
  return (uintptr_t)address + bytes <= end ? &found.second : nullptr;
}

void checkSlack(uintptr_t address, const Memory& memory) {
  for (size_t i = memory.bytes; i < memory.roomBytes; i++) {
    if (((unsigned char*)address)[i] != kSlack) {
      counts[kOverruns]++;
      snprintf(message, sizeof message, "an allocation of %zu bytes is overrun at byte %zu", memory.bytes,
               i);
      return;
    }
  }
}

void unmap(std::map<uintptr_t, Memory>::iterator at) {
  checkSlack(at->first, at->second);
  used[at->second.context->device] -= at->second.roomBytes;
  munmap(at->second.map, at->second.mapBytes);
  memories.erase(at);
  counts[kFrees]++;
  counts[kLive]--;
}

int lose(Context* context, int status) {
  context->status = status;
  for (Stream* stream : context->streams) stream->queue.clear();
  return status;
}

/** Runs the oldest entry of a queue. */
int runOne(Stream* stream) {
  if (stream->context->status) return stream->context->status;
  Work work = std::move(stream->queue.front());
  stream->queue.pop_front();
  int status = work();
  return status ? lose(stream->context, status) : kSuccess;
}

int runAll(Stream* stream) {
  while (!stream->queue.empty()) {
    int status = runOne(stream);
    if (status) return status;
  }
  return stream->context->status;
}

int runUntil(Event* event, uint64_t mark) {
  while (event->reached < mark) {
    if (event->stream->context->status) return event->stream->context->status;
    if (event->stream->queue.empty()) return kLaunchFailed;
    int status = runOne(event->stream);
    if (status) return status;
  }
  return kSuccess;
}

}  // namespace

void count(Count what, int64_t n) { counts[what] += n; }

int due(Fault fault) {
  int64_t now = ++calls[fault];
  return orders[fault] == now ? orderedStatus[fault] : kSuccess;
}

Context* openContext(int device) {
  catchFaults();
  Context* context = new Context;
  context->device = device;
  contexts.insert(context);
  return context;
}

void closeContext(Context* context) {
  for (auto at = memories.begin(); at != memories.end();) {
    auto here = at++;
    if (here->second.context == context) unmap(here);
  }
  for (Stream* stream : context->streams) delete stream;
  contexts.erase(context);
  if (current == context) current = nullptr;
  delete context;
}

size_t freeBytes(int device) { return machine.memory - used[device]; }

int allocate(Context* context, void** address, size_t bytes) {
  int status = due(kFaultAlloc);
  if (status) return status;
  if (bytes == 0) return kInvalidValue;
  size_t room = roundUp(bytes, kAlign);
  if (room > freeBytes(context->device)) return kOutOfMemory;
  size_t pages = roundUp(room, kPage);
  size_t mapBytes = pages + 2 * kPage;
  char* map = (char*)mmap(nullptr, mapBytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED) return kOutOfMemory;
  mprotect(map, kPage, PROT_NONE);
  mprotect(map + kPage + pages, kPage, PROT_NONE);
  char* user = map + kPage + pages - room;
  // Fresh memory holds anything; all ones is a NaN in every float type.
  memset(user, kFresh, bytes < (64 << 20) ? bytes : 64 << 20);
  memset(user + bytes, kSlack, room - bytes);
  memories[(uintptr_t)user] = {context, map, mapBytes, bytes, room};
  used[context->device] += room;
  counts[kAllocations]++;
  counts[kLive]++;
  *address = user;
  return kSuccess;
}

int release(void* address) {
  auto at = memories.find((uintptr_t)address);
  if (at == memories.end()) return kInvalidValue;
  int status = synchronise(at->second.context);
  unmap(at);
  return status;
}

int allocatePinned(void** address, size_t bytes) {
  int status = due(kFaultPinned);
  if (status) return status;
  *address = aligned_alloc(kPage, roundUp(bytes, kPage));
  if (!*address) return kOutOfMemory;
  pinned[(uintptr_t)*address] = bytes;
  return kSuccess;
}

int releasePinned(void* address) {
  if (!pinned.erase((uintptr_t)address)) return kInvalidValue;
  free(address);
  return kSuccess;
}

bool isPinned(const void* address, size_t bytes) {
  auto after = pinned.upper_bound((uintptr_t)address);
  if (after == pinned.begin()) return false;
  auto& found = *--after;
  return (uintptr_t)address + bytes <= found.first + found.second;
}

Stream* newStream(Context* context) {
  Stream* stream = new Stream;
  stream->context = context;
  context->streams.insert(stream);
  return stream;
}

int closeStream(Stream* stream) {
  int status = runAll(stream);
  stream->context->streams.erase(stream);
  delete stream;
  return status;
}

int enqueue(Stream* stream, Work work) {
  if (stream->context->status) return stream->context->status;
  if (stream->capturing) {
    stream->captured.push_back(std::move(work));
  } else {
    stream->queue.push_back(std::move(work));
  }
  return kSuccess;
}

int synchronise(Stream* stream) {
  counts[kSynchronisations]++;
  if (stream->capturing) return kCaptureUnsupported;
  return runAll(stream);
}

int synchronise(Context* context) {
  counts[kSynchronisations]++;
  for (Stream* stream : context->streams) {
    int status = runAll(stream);
    if (status) return status;
  }
  return context->status;
}

int copyIn(Stream* stream, void* to, const void* from, size_t bytes) {
  int status = due(kFaultCopy);
  if (status) return status;
  if (!holder(to, bytes)) return kInvalidValue;
  counts[kBytesIn] += bytes;
  if (isPinned(from, bytes)) {
    // Read as late as can be: who changes the source too early is found out.
    return enqueue(stream, [=] {
      memcpy(to, from, bytes);
      return (int)kSuccess;
    });
  }
  if (stream->capturing) return kCaptureUnsupported;
  auto staged = std::make_shared<std::vector<char>>((const char*)from, (const char*)from + bytes);
  return enqueue(stream, [=] {
    memcpy(to, staged->data(), bytes);
    return (int)kSuccess;
  });
}

int copyOut(Stream* stream, void* to, const void* from, size_t bytes) {
  int status = due(kFaultCopy);
  if (status) return status;
  if (!holder(from, bytes)) return kInvalidValue;
  counts[kBytesOut] += bytes;
  status = enqueue(stream, [=] {
    memcpy(to, from, bytes);
    return (int)kSuccess;
  });
  return status || stream->capturing || isPinned(to, bytes) ? status : synchronise(stream);
}

int copy(Stream* stream, void* to, Context* toContext, const void* from, size_t bytes) {
  int status = due(kFaultCopy);
  if (status) return status;
  Memory* target = holder(to, bytes);
  Memory* source = holder(from, bytes);
  if (!target || !source) return kInvalidValue;
  if (target->context != toContext) return kInvalidValue;
  if (toContext != stream->context) counts[kBytesPeer] += bytes;
  return enqueue(stream, [=] {
    memmove(to, from, bytes);
    return (int)kSuccess;
  });
}

int fill(Stream* stream, void* to, unsigned char value, size_t bytes) {
  if (!holder(to, bytes)) return kInvalidValue;
  return enqueue(stream, [=] {
    memset(to, value, bytes);
    return (int)kSuccess;
  });
}

int record(Stream* stream, Event* event) {
  if (stream->capturing) return kCaptureUnsupported;
  event->stream = stream;
  uint64_t mark = ++event->recorded;
  return enqueue(stream, [=] {
    event->reached = mark;
    return (int)kSuccess;
  });
}

int await(Stream* stream, Event* event) {
  if (stream->capturing) return kCaptureUnsupported;
  if (event->recorded == 0) return kSuccess;
  uint64_t mark = event->recorded;
  return enqueue(stream, [=] { return runUntil(event, mark); });
}

int synchronise(Event* event) {
  counts[kSynchronisations]++;
  return event->recorded == 0 ? (int)kSuccess : runUntil(event, event->recorded);
}

int beginCapture(Stream* stream) {
  if (stream->capturing) return kCaptureUnsupported;
  stream->capturing = true;
  stream->captured.clear();
  return stream->context->status;
}

int endCapture(Stream* stream, Graph** graph) {
  if (!stream->capturing) return kCaptureUnsupported;
  stream->capturing = false;
  *graph = new Graph{std::move(stream->captured)};
  stream->captured.clear();
  counts[kGraphs]++;
  return stream->context->status;
}

int launch(Stream* stream, Graph* graph) {
  int status = due(kFaultLaunch);
  if (status) return status;
  counts[kGraphLaunches]++;
  std::vector<Work> work = graph->work;
  return enqueue(stream, [=] {
    for (auto& one : work) {
      int status = one();
      if (status) return status;
    }
    return (int)kSuccess;
  });
}

}  // namespace standin

// What tests ask of the machine.
extern "C" {

void standin_machine(int devices, long memory, int version, int capability, int init) {
  standin::machine.devices = devices;
  standin::machine.memory = memory;
  standin::machine.version = version;
  standin::machine.capability = capability;
  standin::machine.init = init;
}

/** Where the kernel libraries lie. */
void standin_modules(const char* folder) { standin::machine.modules = folder; }

/** Lets the call number `nth` (from 1, counted from now) fail with `status`; 0 for none. */
void standin_order(int fault, long nth, int status) {
  standin::calls[fault] = 0;
  standin::orders[fault] = nth;
  standin::orderedStatus[fault] = status;
}

long standin_count(int what) { return standin::counts[what]; }

/** What a kernel was last found doing wrong; empty for nothing. */
const char* standin_message() { return standin::message; }

void standin_forget() {
  // HIP's contexts stay as long as the process.
  for (auto* context : standin::contexts) context->status = standin::kSuccess;
  memset(standin::counts, 0, sizeof standin::counts);
  standin::counts[standin::kLive] = (int64_t)standin::memories.size();
  memset(standin::orders, 0, sizeof standin::orders);
  standin::message[0] = 0;
}
}
