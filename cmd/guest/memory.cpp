// SPDX-License-Identifier: MIT
#include "cmd/guest/memory.hpp"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cmd/guest/output.hpp"

namespace devenv::guest {
namespace {

constexpr std::size_t kChunk = std::size_t{64} * 1024;
constexpr std::size_t kAlignment = alignof(std::max_align_t);
constexpr off_t kLargestFile = off_t{16} * 1024 * 1024;

char* free_from = nullptr;
char* free_to = nullptr;

bool trusted(const struct stat& status, Trust trust) {
  if (!S_ISREG(status.st_mode) || status.st_size > kLargestFile) {
    return false;
  }
  return trust == Trust::any || (status.st_uid == 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0);
}

std::optional<std::string_view> read_open_file(int fd, std::size_t size) {
  char* const bytes = allocate_array<char>(size + 1);
  std::size_t used = 0;
  while (used < size) {
    const ssize_t count = read(fd, bytes + used, size - used);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return std::nullopt;
    }
    if (count == 0) {
      break;
    }
    used += static_cast<std::size_t>(count);
  }
  return std::string_view(bytes, used);
}

}  // namespace

void* allocate(std::size_t size) {
  const std::size_t rounded = (size + kAlignment - 1) / kAlignment * kAlignment;
  if (rounded < size) {
    complain("devenv-guest", {"out of memory"});
    _exit(1);
  }
  if (static_cast<std::size_t>(free_to - free_from) < rounded) {
    const std::size_t chunk = rounded > kChunk ? rounded : kChunk;
    void* const memory =
        mmap(nullptr, chunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      complain("devenv-guest", {"out of memory"});
      _exit(1);
    }
    free_from = static_cast<char*>(memory);
    free_to = free_from + chunk;
  }
  void* const result = free_from;
  free_from += rounded;
  return result;
}

char* concatenate(std::initializer_list<std::string_view> parts) {
  std::size_t size = 1;
  for (const std::string_view part : parts) {
    size += part.size();
  }
  char* const text = allocate_array<char>(size);
  char* end = text;
  for (const std::string_view part : parts) {
    if (!part.empty()) {
      memcpy(end, part.data(), part.size());
      end += part.size();
    }
  }
  return text;
}

std::optional<std::string_view> read_file(const char* path, Trust trust) {
  // O_NONBLOCK: a FIFO in an image must not make us wait.
  const int no_links = trust == Trust::root_only ? O_NOFOLLOW : 0;
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | no_links);
  if (fd < 0) {
    return std::nullopt;
  }
  struct stat status = {};
  std::optional<std::string_view> content;
  if (fstat(fd, &status) == 0 && trusted(status, trust)) {
    content = read_open_file(fd, static_cast<std::size_t>(status.st_size));
  }
  close(fd);
  return content;
}

void close_files(unsigned first, unsigned last) {
  if (first > last || syscall(SYS_close_range, first, last, 0) == 0) {
    return;
  }
  // A seccomp filter may not know the call.
  constexpr unsigned kMost = 1U << 16;
  struct rlimit limit = {};
  const bool limited = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < kMost;
  const unsigned end = limited ? static_cast<unsigned>(limit.rlim_max) : kMost;
  for (unsigned fd = first; fd <= last && fd < end; ++fd) {
    close(static_cast<int>(fd));
  }
}

std::string_view take_field(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view field(rest.data(), end == std::string_view::npos ? rest.size() : end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return field;
}

}  // namespace devenv::guest
