// SPDX-License-Identifier: MIT
// A made-up host with a made-up NVIDIA driver.
#pragma once

#include <elf.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/scratch.hpp"

namespace devenv::test {

/// A shared library that has a soname and nothing else, as the bytes of a file.
template <typename Header, typename Segment, typename Dynamic>
std::string make_library(unsigned char elf_class, const std::string& soname) {
  struct {
    Header header;
    Segment segments[2];
    Dynamic dynamic[3];
  } start{};
  constexpr std::uint32_t kAddress = 0x1000;
  const std::string strings = std::string(1, '\0') + soname + std::string(1, '\0');
  std::memcpy(start.header.e_ident, ELFMAG, SELFMAG);
  start.header.e_ident[EI_CLASS] = elf_class;
  start.header.e_ident[EI_DATA] = ELFDATA2LSB;
  start.header.e_type = ET_DYN;
  start.header.e_phoff = offsetof(decltype(start), segments);
  start.header.e_phentsize = sizeof(Segment);
  start.header.e_phnum = 2;
  start.segments[0].p_type = PT_LOAD;
  start.segments[0].p_vaddr = kAddress;
  start.segments[0].p_filesz =
      static_cast<decltype(start.segments[0].p_filesz)>(sizeof(start) + strings.size());
  start.segments[1].p_type = PT_DYNAMIC;
  start.segments[1].p_offset = offsetof(decltype(start), dynamic);
  start.segments[1].p_filesz = sizeof(start.dynamic);
  start.dynamic[0].d_tag = DT_STRTAB;
  start.dynamic[0].d_un.d_ptr = kAddress + sizeof(start);
  start.dynamic[1].d_tag = soname.empty() ? DT_NULL : DT_SONAME;
  start.dynamic[1].d_un.d_val = 1;
  std::string bytes(sizeof(start), '\0');
  std::memcpy(bytes.data(), &start, sizeof(start));
  return bytes + strings;
}

inline std::string library64(const std::string& soname) {
  return make_library<Elf64_Ehdr, Elf64_Phdr, Elf64_Dyn>(ELFCLASS64, soname);
}
inline std::string library32(const std::string& soname) {
  return make_library<Elf32_Ehdr, Elf32_Phdr, Elf32_Dyn>(ELFCLASS32, soname);
}

/// The root of a host, to be filled.
class DriverTree {
 public:
  const std::string& root() const { return scratch_.path(); }

  void write(const std::string& path, const std::string& contents) const {
    const std::filesystem::path full = root() + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full, std::ios::binary) << contents;
  }
  void link(const std::string& path, const std::string& target) const {
    const std::filesystem::path full = root() + path;
    std::filesystem::create_directories(full.parent_path());
    std::filesystem::remove(full);
    std::filesystem::create_symlink(target, full);
  }
  void remove(const std::string& path) const { std::filesystem::remove_all(root() + path); }

 private:
  Scratch scratch_;
};

}  // namespace devenv::test
