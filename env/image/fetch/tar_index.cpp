// SPDX-License-Identifier: MIT
#include "env/image/fetch/tar_index.hpp"

#include <algorithm>
#include <vector>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/codec/byte_source.hpp"
#include "env/sys/file.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kMaxEntries = 10'000;  // an image of 500 layers has about 1500
constexpr std::size_t kMaxExtension = 64U * 1024;
constexpr int kMaxLinks = 16;

/// What tells an OCI layout from a root file system, wherever it stands.
bool is_mark(std::string_view name) {
  return name == "oci-layout" || name == "index.json";
}

/// A field that ends at its first NUL.
std::string_view field(std::string_view block, std::size_t offset, std::size_t size) {
  const std::string_view bytes = block.substr(offset, size);
  return bytes.substr(0, bytes.find('\0'));
}

std::optional<std::uint64_t> octal(std::string_view digits) {
  digits = text::trim(digits);
  std::uint64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '7' || value > (UINT64_MAX >> 3U)) {
      return std::nullopt;
    }
    value = value * 8 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

/// Octal, or GNU's base-256 for what does not fit.
std::optional<std::uint64_t> size_field(std::string_view block) {
  const std::string_view bytes = block.substr(124, 12);
  if ((static_cast<unsigned char>(bytes[0]) & 0x80U) == 0) {
    return octal(field(block, 124, 12));
  }
  std::uint64_t value = static_cast<unsigned char>(bytes[0]) & 0x7fU;
  for (const char c : bytes.substr(1)) {
    if (value > (UINT64_MAX >> 8U)) {
      return std::nullopt;
    }
    value = value * 256 + static_cast<unsigned char>(c);
  }
  return value;
}

bool checksum_matches(std::string_view block) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    // The checksum's own field counts as spaces.
    sum += static_cast<unsigned char>(i >= 148 && i < 156 ? ' ' : block[i]);
  }
  return octal(field(block, 148, 8)) == sum;
}

std::uint64_t padded(std::uint64_t size) {
  return (size + kBlock - 1) / kBlock * kBlock;
}

std::string clean_name(std::string_view name) {
  while (name.starts_with("./") || name.starts_with('/')) {
    name.remove_prefix(name.starts_with('/') ? 1 : 2);
  }
  while (name.ends_with('/')) {
    name.remove_suffix(1);
  }
  return name == "." ? "" : std::string(name);
}

/// What extension headers say about the entry that follows them.
struct Overrides {
  std::optional<std::string> name;
  std::optional<std::string> link;
  std::optional<std::uint64_t> size;

  bool take(char type, std::string_view data) {
    if (type == 'L' || type == 'K') {
      (type == 'L' ? name : link) = std::string(data.substr(0, data.find('\0')));
      return true;
    }
    if (type == 'x') {
      take_pax(data);
      return true;
    }
    return type == 'g';
  }

  void apply(TarHeader& header) {
    header.name = name.value_or(header.name);
    header.link = link.value_or(header.link);
    header.size = size.value_or(header.size);
    *this = Overrides{};
  }

 private:
  /// Records of "<length> <key>=<value>\n", the length counting all of it.
  void take_pax(std::string_view data) {
    while (!data.empty()) {
      const std::size_t space = data.find(' ');
      const auto length = text::parse_number(data.substr(0, std::min(space, data.size())));
      if (!length || *length <= space + 1 || *length > data.size()) {
        return;
      }
      const std::string_view record = data.substr(space + 1, *length - space - 2);
      data.remove_prefix(*length);
      const std::size_t equals = record.find('=');
      const std::string_view key = record.substr(0, equals);
      const std::string value(equals == std::string_view::npos ? "" : record.substr(equals + 1));
      if (key == "path") {
        name = value;
      } else if (key == "linkpath") {
        link = value;
      } else if (key == "size") {
        size = text::parse_number(value);
      }
    }
  }
};

bool is_extension(char type) {
  return type == 'L' || type == 'K' || type == 'x' || type == 'g';
}

bool is_all_zero(std::string_view block) {
  return std::all_of(block.begin(), block.end(), [](char c) { return c == '\0'; });
}

/// Reads exactly; integrity at the end of the file.
Result<std::string> read_exactly(int fd, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    TRY_ASSIGN(const std::size_t count,
               sys::read_at(fd, {bytes.data() + have, size - have}, offset + have));
    if (count == 0) {
      return fail(ErrorCode::integrity, "the archive ends too early");
    }
    have += count;
  }
  return bytes;
}

}  // namespace

std::optional<TarHeader> parse_tar_header(std::string_view block) {
  if (block.size() < kBlock || !checksum_matches(block)) {
    return std::nullopt;
  }
  const auto size = size_field(block);
  if (!size) {
    return std::nullopt;
  }
  TarHeader header{.name = std::string(field(block, 0, 100)),
                   .link = std::string(field(block, 157, 100)),
                   .type = block[156] == '\0' ? '0' : block[156],
                   .size = *size};
  // GNU's own format uses the prefix's place for other things and says "ustar ".
  const std::string_view prefix = field(block, 345, 155);
  if (block.substr(257, 6) == std::string_view("ustar\0", 6) && !prefix.empty()) {
    header.name = format("{}/{}", prefix, header.name);
  }
  return header;
}

std::optional<std::string> first_entry_name(std::string_view beginning) {
  if (beginning.size() < kBlock) {
    return std::nullopt;
  }
  Overrides overrides;
  std::optional<std::string> name;
  while (beginning.size() >= kBlock) {
    if (is_all_zero(beginning.substr(0, kBlock))) {
      return name.value_or("");
    }
    auto header = parse_tar_header(beginning);
    if (!header) {
      return std::nullopt;
    }
    beginning.remove_prefix(kBlock);
    if (is_extension(header->type)) {
      if (padded(header->size) > beginning.size()) {
        return name.value_or("");
      }
      overrides.take(header->type, beginning.substr(0, header->size));
      beginning.remove_prefix(padded(header->size));
      continue;
    }
    overrides.apply(*header);
    name = clean_name(header->name);
    if (!name->empty()) {
      return name;
    }
  }
  return name;
}

Result<std::optional<TarIndex>> TarIndex::read(int fd, std::uint64_t file_size) {
  TarIndex index;
  bool too_many = false;
  Overrides overrides;
  for (std::uint64_t offset = 0; offset + kBlock <= file_size;) {
    TRY_ASSIGN(const std::string block, read_exactly(fd, offset, kBlock));
    if (is_all_zero(block)) {
      break;
    }
    auto header = parse_tar_header(block);
    if (!header) {
      return fail(ErrorCode::integrity, format("the archive is damaged at byte {}", offset));
    }
    offset += kBlock;
    if (header->type == 'S') {
      return std::nullopt;  // GNU's sparse files belong to root file systems
    }
    if (is_extension(header->type)) {
      TRY_ASSIGN(const std::string data,
                 read_exactly(fd, offset, std::min<std::uint64_t>(header->size, kMaxExtension)));
      overrides.take(header->type, data);
    } else {
      overrides.apply(*header);
      std::string name = clean_name(header->name);
      too_many = too_many || index.entries_.size() >= kMaxEntries;
      if (!too_many || is_mark(name)) {
        index.entries_.insert_or_assign(std::move(name),
                                        TarEntry{offset, header->size, header->type, header->link});
      }
    }
    const bool has_data = header->type != '1' && header->type != '2' && header->type != '5';
    if (has_data && header->size > file_size - offset) {
      return fail(ErrorCode::integrity, "the archive ends too early");
    }
    offset += has_data ? padded(header->size) : 0;
  }
  if (too_many && index.find("oci-layout") != nullptr && index.find("index.json") != nullptr) {
    return fail(Error(ErrorCode::integrity,
                      format("it is an OCI layout with more than {} entries", kMaxEntries))
                    .with_hint("unpack it, and give the directory"));
  }
  if (too_many) {
    return std::nullopt;
  }
  return std::optional<TarIndex>(std::move(index));
}

const TarEntry* TarIndex::find(std::string_view name) const {
  std::string wanted(name);
  for (int links = 0; links < kMaxLinks; ++links) {
    const auto entry = entries_.find(wanted);
    if (entry == entries_.end()) {
      return nullptr;
    }
    const TarEntry& found = entry->second;
    if (found.type == '0' || found.type == '7') {
      return &found;
    }
    std::optional<std::string> target;
    if (found.type == '1') {  // names the other entry
      target = normalize_path(found.link);
    } else if (found.type == '2') {  // relative to its directory
      const std::size_t slash = wanted.rfind('/');
      const std::string directory = slash == std::string::npos ? "" : wanted.substr(0, slash);
      target = normalize_path(found.link.starts_with('/') ? found.link
                                                          : format("{}/{}", directory, found.link));
    }
    if (!target) {
      return nullptr;
    }
    wanted = *target;
  }
  return nullptr;
}

std::optional<std::string> normalize_path(std::string_view path) {
  std::vector<std::string> parts;
  for (const std::string_view part : text::split(path, '/')) {
    if (part == "..") {
      if (parts.empty()) {
        return std::nullopt;
      }
      parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.emplace_back(part);
    }
  }
  return join(parts, "/");
}

}  // namespace devenv::image::fetch
