// SPDX-License-Identifier: MIT
#include "cmd/guest/process.hpp"

#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdint>

#include "cmd/guest/output.hpp"

namespace devenv::guest {

std::optional<int> parse_fd(const char* text) {
  const auto number = parse_number(text, 1U << 20);
  if (!number || *number <= STDERR_FILENO || fcntl(static_cast<int>(*number), F_GETFD) < 0) {
    return std::nullopt;
  }
  return static_cast<int>(*number);
}

void forget_program_pages() {
  const auto* const headers = reinterpret_cast<const ElfW(Phdr)*>(getauxval(AT_PHDR));
  const unsigned long count = headers == nullptr ? 0 : getauxval(AT_PHNUM);
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  for (unsigned long index = 0; index < count; ++index) {
    const ElfW(Phdr)& segment = headers[index];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) {
      continue;
    }
    // Not a position-independent program: addresses are those of the file.
    const std::uintptr_t start = segment.p_vaddr / page * page;
    const std::uintptr_t size = segment.p_vaddr + segment.p_memsz - start;
    madvise(reinterpret_cast<void*>(start), size, MADV_DONTNEED);
  }
}

void ignore_signals(std::initializer_list<int> numbers) {
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  for (const int number : numbers) {
    sigaction(number, &ignore, nullptr);
  }
}

int hold_signals(std::initializer_list<int> numbers) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : numbers) {
    struct sigaction action = {};
    if (sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) {
      sigaddset(&set, number);
    }
  }
  if (sigprocmask(SIG_BLOCK, &set, nullptr) != 0) {
    return -1;
  }
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int next_signal(int signals) {
  signalfd_siginfo info = {};
  return read(signals, &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
}

void release_signals() {
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number <= SIGRTMAX; ++number) {
    sigaction(number, &standard, nullptr);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace devenv::guest
