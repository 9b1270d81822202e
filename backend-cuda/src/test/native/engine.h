// Runs the blocks of one kernel launch on the host: a fibre for each thread, switched only at barriers and
// where lanes exchange values. Part of every kernel library, so that all of this can be inlined.
#pragma once

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <type_traits>
#include <utility>

#include "module.h"

#if !defined(__x86_64__)
#error "the stand-in driver switches fibres in x86-64 machine code"
#endif

#ifndef STANDIN_WAVE
#define STANDIN_WAVE 32
#endif

namespace standin {

struct Dim3 {
  unsigned x, y, z;
};

constexpr int kMostThreads = 1024;
constexpr int kMostWords = 20;
constexpr size_t kStackBytes = 48 * 1024;
// Not a power of two, or the tops of all stacks would meet in the same few lines of the caches.
constexpr size_t kStackStride = kStackBytes + 17 * 64;

enum State : uint8_t { kReady, kAtBarrier, kAtExchange, kDone };

struct Fibre {
  void* sp;
  Dim3 thread;
  int number;
  int lane;
  int wave;
  int line;
  State state;
};

struct Wave {
  uint64_t arrived;
  uint64_t done;
  uint64_t existing;
  unsigned generation;
  int line;
  uint32_t words[2][STANDIN_WAVE][kMostWords];
};

static Fibre fibres[kMostThreads];
static Wave waves[kMostThreads / STANDIN_WAVE];
static uint16_t queue[kMostThreads];
static int queueFrom, queueSize;
static Fibre* self;
static void* hostSp;
static int threads, arrived, left;
static Dim3 blockIndex, blockSize, gridSize;
static char* dynamicShared;
static const KernelEntry* entry;
static void** parameters;
static char* complaint;
static size_t complaintSize;
static bool failed;

extern "C" void standin_switch(void** from, void* to) __attribute__((visibility("hidden")));
asm(R"(
.text
.globl standin_switch
.hidden standin_switch
.type standin_switch,@function
standin_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size standin_switch,.-standin_switch
)");

static void push(int fibre) {
  queue[(queueFrom + queueSize++) % kMostThreads] = (uint16_t)fibre;
}

/** Goes on with the next fibre that can run; where there is none, the launch has ended or hangs. */
static void next() {
  Fibre* from = self;
  if (queueSize == 0 || failed) {
    standin_switch(&from->sp, hostSp);
    return;
  }
  self = &fibres[queue[queueFrom]];
  queueFrom = (queueFrom + 1) % kMostThreads;
  queueSize--;
  standin_switch(&from->sp, self->sp);
}

static void complain(const char* what, int line) {
  if (!failed) {
    snprintf(complaint, complaintSize, "%s: %s, line %d, block (%u, %u, %u)", entry->name, what, line,
             blockIndex.x, blockIndex.y, blockIndex.z);
    failed = true;
  }
}

[[noreturn]] static void fail(const char* what, int line) {
  complain(what, line);
  for (;;) next();
}

static void main_of_fibre() {
  entry->call(parameters);
  self->state = kDone;
  waves[self->wave].done |= 1ull << self->lane;
  left++;
  if (arrived > 0) complain("some threads have returned while others wait at a barrier", self->line);
  for (;;) next();
}

static __attribute__((noinline)) void barrier(int line) {
  if (left > 0) fail("a barrier that some threads never reach", line);
  self->state = kAtBarrier;
  self->line = line;
  if (++arrived < threads) {
    next();
    return;
  }
  for (int i = 0; i < threads; i++) {
    if (fibres[i].line != line) fail("threads of a block wait at different barriers", line);
  }
  arrived = 0;
  for (int i = 0; i < threads; i++) {
    fibres[i].state = kReady;
    if (&fibres[i] != self) push(i);
  }
}

/** Gives `count` words to all lanes of the wave that `mask` names; returns what those gave. */
static __attribute__((noinline)) const uint32_t (*exchange(uint64_t mask, const uint32_t* own, int count,
                                                           int line))[kMostWords] {
  Wave& wave = waves[self->wave];
  unsigned generation = wave.generation & 1;
  memcpy(wave.words[generation][self->lane], own, 4 * count);
  if (wave.arrived == 0) {
    wave.line = line;
  } else if (wave.line != line) {
    fail("lanes of a warp exchange values at different places", line);
  }
  if (!(mask >> self->lane & 1)) fail("a lane exchanges values without being in the mask", line);
  wave.arrived |= 1ull << self->lane;
  uint64_t all = mask & wave.existing & ~wave.done;
  if (wave.arrived != all) {
    self->state = kAtExchange;
    self->line = line;
    next();
  } else {
    wave.arrived = 0;
    wave.generation++;
    for (int lane = 0; lane < STANDIN_WAVE; lane++) {
      if ((all >> lane & 1) && lane != self->lane) {
        int number = self->number - self->lane + lane;
        fibres[number].state = kReady;
        push(number);
      }
    }
  }
  return wave.words[generation];
}

static void block(char* stacks) {
  queueFrom = queueSize = arrived = left = 0;
  int waveCount = (threads + STANDIN_WAVE - 1) / STANDIN_WAVE;
  for (int w = 0; w < waveCount; w++) {
    int lanes = threads - w * STANDIN_WAVE < STANDIN_WAVE ? threads - w * STANDIN_WAVE : STANDIN_WAVE;
    waves[w].arrived = waves[w].done = 0;
    waves[w].existing = lanes == 64 ? ~0ull : (1ull << lanes) - 1;
  }
  for (int i = 0; i < threads; i++) {
    fibres[i].state = kReady;
    void** top = (void**)(stacks + (size_t)i * kStackStride + kStackBytes);
    *--top = nullptr;
    *--top = (void*)main_of_fibre;
    for (int r = 0; r < 6; r++) *--top = nullptr;
    fibres[i].sp = top;
    // Every second block backwards: what works in one order only is found out.
    push((blockIndex.x & 1) ? threads - 1 - i : i);
  }
  self = &fibres[queue[queueFrom]];
  queueFrom = (queueFrom + 1) % kMostThreads;
  queueSize--;
  standin_switch(&hostSp, self->sp);
  if (!failed && left != threads) {
    for (int i = 0; i < threads; i++) {
      if (fibres[i].state == kAtBarrier) complain("a barrier that not all threads reach", fibres[i].line);
      if (fibres[i].state == kAtExchange) complain("lanes wait for others of their warp", fibres[i].line);
    }
  }
}

template <auto F>
struct Thunk;

template <class... A, void (*F)(A...)>
struct Thunk<F> {
  static constexpr int sizes[] = {(int)sizeof(A)..., 0};
  static constexpr int count = sizeof...(A);

  template <size_t... I>
  static void unpack(void** p, std::index_sequence<I...>) {
    F(*(std::remove_cv_t<A>*)p[I]...);
  }

  static void call(void** p) { unpack(p, std::index_sequence_for<A...>()); }
};

}  // namespace standin

extern "C" int standin_run(const KernelEntry* kernel, const Launch* launch, void** arguments,
                           char* stacks, char* message, size_t messageSize) {
  using namespace standin;
  entry = kernel;
  parameters = arguments;
  complaint = message;
  complaintSize = messageSize;
  failed = false;
  gridSize = {launch->grid[0], launch->grid[1], launch->grid[2]};
  blockSize = {launch->block[0], launch->block[1], launch->block[2]};
  dynamicShared = launch->shared;
  threads = (int)(blockSize.x * blockSize.y * blockSize.z);
  for (int i = 0; i < threads; i++) {
    fibres[i].number = i;
    fibres[i].lane = i % STANDIN_WAVE;
    fibres[i].wave = i / STANDIN_WAVE;
    fibres[i].line = 0;
    fibres[i].thread = {i % blockSize.x, i / blockSize.x % blockSize.y,
                        i / blockSize.x / blockSize.y};
  }
  for (unsigned z = 0; z < gridSize.z; z++) {
    for (unsigned y = 0; y < gridSize.y; y++) {
      for (unsigned x = 0; x < gridSize.x; x++) {
        blockIndex = {x, y, z};
        // A block finds anything in its shared memory.
        memset(launch->shared, 0xff, launch->sharedBytes);
        block(stacks);
        if (failed) return 1;
      }
    }
  }
  return 0;
}

extern "C" const size_t standin_stack_bytes = standin::kStackStride * standin::kMostThreads;
extern "C" const int standin_wave = STANDIN_WAVE;

// Makes a kernel known to the driver by its name.
#define STANDIN_KERNEL(kernel)                                                                    \
  extern "C" const KernelEntry standin_kernel_##kernel = {                                        \
      #kernel, standin::Thunk<&kernel>::call, standin::Thunk<&kernel>::count,                     \
      standin::Thunk<&kernel>::sizes};
