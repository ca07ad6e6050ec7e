// SPDX-License-Identifier: MIT
#include "env/host/elf.hpp"

#include <elf.h>

#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "env/sys/file.hpp"

namespace devenv::host {
namespace {

constexpr std::size_t kMostHeaders = 128;
constexpr std::size_t kMostDynamic = 1024;
constexpr std::size_t kLongestName = 256;

/// Reads `count` records at `offset`; fewer when the file ends.
template <typename Record>
std::vector<Record> read_records(int fd, std::uint64_t offset, std::size_t count) {
  std::vector<Record> records(count);
  const auto size =
      sys::read_at(fd, {reinterpret_cast<char*>(records.data()), count * sizeof(Record)}, offset);
  records.resize(size.value_or(0) / sizeof(Record));
  return records;
}

template <typename Header, typename Segment, typename Dynamic>
std::optional<std::string> read_soname(int fd) {
  const auto header = read_records<Header>(fd, 0, 1);
  if (header.empty() || header[0].e_type != ET_DYN || header[0].e_phentsize != sizeof(Segment)) {
    return std::nullopt;
  }
  const auto segments = read_records<Segment>(
      fd, header[0].e_phoff, std::min<std::size_t>(header[0].e_phnum, kMostHeaders));
  std::vector<Dynamic> dynamic;
  for (const Segment& segment : segments) {
    if (segment.p_type == PT_DYNAMIC) {
      dynamic = read_records<Dynamic>(
          fd, segment.p_offset,
          std::min<std::size_t>(segment.p_filesz / sizeof(Dynamic), kMostDynamic));
    }
  }
  std::optional<std::uint64_t> name;
  std::uint64_t strings = 0;
  for (const Dynamic& entry : dynamic) {
    if (entry.d_tag == DT_NULL) {
      break;
    }
    if (entry.d_tag == DT_SONAME) {
      name = entry.d_un.d_val;
    } else if (entry.d_tag == DT_STRTAB) {
      strings = entry.d_un.d_ptr;
    }
  }
  if (!name) {
    return "";
  }
  for (const Segment& segment : segments) {
    // The table has an address; the segment that is loaded there says where it is in the file.
    if (segment.p_type != PT_LOAD || strings < segment.p_vaddr ||
        strings - segment.p_vaddr >= segment.p_filesz) {
      continue;
    }
    const auto text = read_records<char>(fd, segment.p_offset + (strings - segment.p_vaddr) + *name,
                                         kLongestName);
    const std::string_view found(text.data(), text.size());
    const std::size_t end = found.find('\0');
    return end == std::string_view::npos ? "" : std::string(found.substr(0, end));
  }
  return "";
}

}  // namespace

std::optional<ElfLibrary> read_elf_library(int fd) {
  constexpr unsigned char kOurOrder =
      std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
  const auto identity = read_records<std::array<unsigned char, EI_NIDENT>>(fd, 0, 1);
  if (identity.empty() || std::memcmp(identity[0].data(), ELFMAG, SELFMAG) != 0 ||
      identity[0][EI_DATA] != kOurOrder) {
    return std::nullopt;
  }
  const bool wide = identity[0][EI_CLASS] == ELFCLASS64;
  auto soname = wide ? read_soname<Elf64_Ehdr, Elf64_Phdr, Elf64_Dyn>(fd)
                     : read_soname<Elf32_Ehdr, Elf32_Phdr, Elf32_Dyn>(fd);
  if (!soname || (!wide && identity[0][EI_CLASS] != ELFCLASS32)) {
    return std::nullopt;
  }
  // It becomes the name of a link.
  if (soname->find('/') != std::string::npos || *soname == "." || *soname == "..") {
    soname->clear();
  }
  return ElfLibrary{wide ? 64 : 32, *std::move(soname)};
}

}  // namespace devenv::host
