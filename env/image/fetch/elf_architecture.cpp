// SPDX-License-Identifier: MIT
#include "env/image/fetch/elf_architecture.hpp"

#include <array>
#include <utility>

#include "env/sys/file.hpp"
#include "env/sys/tree.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::size_t kHeaderBytes = 20;  // e_ident, e_type, e_machine
constexpr std::size_t kClassAt = 4;
constexpr std::size_t kDataAt = 5;
constexpr std::size_t kMachineAt = 18;
constexpr char kClass64 = 2;
constexpr char kLittleEndian = 1;

/// Names as Go and OCI have them; the number is e_machine. Source: the registry of ELF machines.
struct Machine {
  unsigned number;
  bool is_64;
  bool little_endian;
  std::string_view name;
};
constexpr std::array<Machine, 15> kMachines = {{
    {62, true, true, "amd64"},
    {183, true, true, "arm64"},
    {3, false, true, "386"},
    {40, false, true, "arm"},
    {243, true, true, "riscv64"},
    {21, true, true, "ppc64le"},
    {21, true, false, "ppc64"},
    {22, true, false, "s390x"},
    {258, true, true, "loong64"},
    {8, true, true, "mips64le"},
    {8, true, false, "mips64"},
    {8, false, true, "mipsle"},
    {8, false, false, "mips"},
    {20, false, false, "ppc"},
    {43, true, false, "sparc64"},
}};

constexpr std::array<const char*, 10> kPrograms = {
    "/bin/sh",
    "/usr/bin/env",
    "/bin/busybox",
    "/sbin/init",
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1",
    "/lib/ld-linux-armhf.so.3",
    "/lib/ld-linux-riscv64-lp64d.so.1",
};

std::string architecture_of_file(int root, const char* path) {
  // Without waiting: what an image has under this name may be a FIFO.
  const auto fd = sys::open_in_root(root, path, O_RDONLY | O_NONBLOCK);
  if (!fd) {
    return "";
  }
  const auto info = sys::stat_fd(fd->get());
  if (!info || !S_ISREG(info->st_mode)) {
    return "";
  }
  std::array<char, kHeaderBytes> header{};
  const auto count = sys::read_some(fd->get(), header);
  return count ? architecture_of_elf({header.data(), *count}) : "";
}

}  // namespace

std::string architecture_of_elf(std::string_view header) {
  if (header.size() < kHeaderBytes || !header.starts_with("\x7f"
                                                          "ELF")) {
    return "";
  }
  const bool little_endian = header[kDataAt] == kLittleEndian;
  const auto first = static_cast<unsigned char>(header[kMachineAt]);
  const auto second = static_cast<unsigned char>(header[kMachineAt + 1]);
  const unsigned machine = little_endian ? first + 256U * second : 256U * first + second;
  for (const Machine& known : kMachines) {
    if (known.number == machine && known.is_64 == (header[kClassAt] == kClass64) &&
        known.little_endian == little_endian) {
      return std::string(known.name);
    }
  }
  return "";
}

std::string architecture_of_tree(int root) {
  for (const char* program : kPrograms) {
    if (std::string found = architecture_of_file(root, program); !found.empty()) {
      return found;
    }
  }
  return "";
}

}  // namespace devenv::image::fetch
