// Kernel libraries of the made-up machine, and what runs one of their kernels.
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "machine.h"

namespace standin {

namespace {

constexpr size_t kMostShared = 48 * 1024;
constexpr unsigned kMostBlocks = 65535;
constexpr unsigned kMostThreads = 1024;

char* stacks;
size_t stacksBytes;
char* shared;

// A kernel that touches what it must not ends the launch and not the process.
sigjmp_buf escape;
volatile bool inKernel;
pthread_t kernelThread;
struct sigaction formers[65];
const void* volatile touched;

void onFault(int signal, siginfo_t* info, void* context) {
  if (inKernel && pthread_equal(pthread_self(), kernelThread)) {
    touched = signal == SIGILL ? nullptr : info->si_addr;
    siglongjmp(escape, 1);
  }
  struct sigaction& former = formers[signal];
  if (former.sa_flags & SA_SIGINFO) {
    former.sa_sigaction(signal, info, context);
  } else if (former.sa_handler != SIG_DFL && former.sa_handler != SIG_IGN) {
    former.sa_handler(signal);
  } else {
    sigaction(signal, &former, nullptr);
  }
}

}  // namespace

void catchFaults() {
  static bool done = false;
  if (done) return;
  done = true;
  struct sigaction action = {};
  action.sa_sigaction = onFault;
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
  // The last is how a read or write that is not aligned ends.
  for (int signal : {SIGSEGV, SIGBUS, SIGILL}) sigaction(signal, &action, &formers[signal]);
}

int loadModule(Context* context, const char* path, Module** module) {
  int status = due(kFaultModule);
  if (status) return status;
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(message, sizeof message, "%s", dlerror());
    return kInvalidImage;
  }
  count(kModules, 1);
  *module = new Module{library, (RunKernel)dlsym(library, "standin_run"),
                       *(const size_t*)dlsym(library, "standin_stack_bytes")};
  return kSuccess;
}

// The library stays mapped: what is loaded again and again is the same one.
int unloadModule(Module* module) {
  delete module;
  return kSuccess;
}

int findKernel(Module* module, const char* name, Kernel** kernel) {
  std::string symbol = std::string("standin_kernel_") + name;
  auto* entry = (const KernelEntry*)dlsym(module->library, symbol.c_str());
  if (!entry) return kNotFound;
  *kernel = new Kernel{module, entry};
  return kSuccess;
}

int launch(Stream* stream, Kernel* kernel, const unsigned grid[3], const unsigned block[3],
           unsigned sharedBytes, void** arguments) {
  int status = due(kFaultLaunch);
  if (status) return status;
  for (int i = 0; i < 3; i++) {
    if (grid[i] == 0 || block[i] == 0 || (i > 0 && grid[i] > kMostBlocks)) return kInvalidValue;
  }
  if ((uint64_t)block[0] * block[1] * block[2] > kMostThreads || sharedBytes > kMostShared) {
    return kInvalidValue;
  }
  count(kLaunches, 1);
  // Arguments are read now, as the drivers do.
  const KernelEntry* entry = kernel->entry;
  std::vector<uint64_t> values(2 * entry->count + 2);
  for (int i = 0; i < entry->count; i++) {
    if (entry->sizes[i] > 16) return kInvalidValue;
    memcpy(&values[2 * i], arguments[i], entry->sizes[i]);
  }
  RunKernel run = kernel->module->run;
  size_t stackBytes = kernel->module->stackBytes;
  Launch shape = {{grid[0], grid[1], grid[2]}, {block[0], block[1], block[2]}, nullptr, sharedBytes};
  return enqueue(stream, [=]() mutable {
    count(kKernels, 1);
    int status = due(kFaultKernel);
    if (status) return status;
    if (stacksBytes < stackBytes) {
      stacks = (char*)mmap(nullptr, stackBytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      stacksBytes = stackBytes;
    }
    if (!shared) shared = (char*)aligned_alloc(kPage, kMostShared);
    shape.shared = shared;
    std::vector<void*> places(entry->count + 1);
    for (int i = 0; i < entry->count; i++) places[i] = &values[2 * i];
    kernelThread = pthread_self();
    if (sigsetjmp(escape, 1)) {
      inKernel = false;
      if (touched) {
        snprintf(message, sizeof message, "%s touches address %p, which is not its own", entry->name,
                 touched);
        return (int)kIllegalAddress;
      }
      snprintf(message, sizeof message, "%s reads or writes what is not aligned", entry->name);
      return (int)kMisaligned;
    }
    inKernel = true;
    int result = run(entry, &shape, places.data(), stacks, message, sizeof message);
    inKernel = false;
    return result ? (int)kLaunchFailed : (int)kSuccess;
  });
}

}  // namespace standin
