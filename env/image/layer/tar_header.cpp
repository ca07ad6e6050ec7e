// SPDX-License-Identifier: MIT
#include "env/image/layer/tar_header.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <string_view>

#include "env/base/format.hpp"

namespace devenv::image {
namespace {

/// Source: POSIX.1-2017, pax, table "ustar Header Block".
struct Ustar {
  std::array<char, 100> name;
  std::array<char, 8> mode;
  std::array<char, 8> uid;
  std::array<char, 8> gid;
  std::array<char, 12> size;
  std::array<char, 12> mtime;
  std::array<char, 8> checksum;
  char type;
  std::array<char, 100> link_name;
  std::array<char, 6> magic;
  std::array<char, 2> version;
  std::array<char, 32> user;
  std::array<char, 32> group;
  std::array<char, 8> device_major;
  std::array<char, 8> device_minor;
  std::array<char, 155> prefix;
  std::array<char, 12> unused;
};
static_assert(sizeof(Ustar) == kTarBlock);

constexpr std::uint64_t kMaxOctal7 = (1ULL << 21U) - 1;
constexpr std::uint64_t kMaxOctal11 = (1ULL << 33U) - 1;
constexpr char kPaxType = 'x';

template <std::size_t N>
void set_text(std::array<char, N>& field, std::string_view text) {
  std::copy_n(text.begin(), std::min(N, text.size()), field.begin());
}

/// Digits that fill the field but for the NUL at its end.
template <std::size_t N>
void set_octal(std::array<char, N>& field, std::uint64_t value) {
  for (std::size_t i = N - 1; i > 0; --i) {
    field[i - 1] = static_cast<char>('0' + (value & 7U));
    value >>= 3U;
  }
}

char type_of(EntryKind kind) {
  switch (kind) {
    case EntryKind::hard_link:
      return '1';
    case EntryKind::symlink:
      return '2';
    case EntryKind::directory:
      return '5';
    case EntryKind::fifo:
      return '6';
    case EntryKind::regular:
    case EntryKind::device:  // these two are never written
    case EntryKind::socket:
      break;
  }
  return '0';
}

/// Puts a path into name and prefix, which are joined by a '/'. False when it does not fit.
bool set_path(Ustar& header, std::string_view path) {
  if (path.size() <= header.name.size()) {
    set_text(header.name, path);
    return true;
  }
  std::string_view head = path.substr(0, header.prefix.size() + 1);
  if (head.size() == path.size()) {
    head.remove_suffix(1);  // the '/' of a directory is no place to split
  }
  const std::size_t slash = head.find_last_of('/');
  if (slash == std::string_view::npos || slash == 0 ||
      path.size() - slash - 1 > header.name.size()) {
    set_text(header.name, path);
    return false;
  }
  set_text(header.prefix, path.substr(0, slash));
  set_text(header.name, path.substr(slash + 1));
  return true;
}

void append_block(Ustar& header, std::string& bytes) {
  set_text(header.magic, "ustar");
  set_text(header.version, "00");
  set_octal(header.device_major, 0);
  set_octal(header.device_minor, 0);
  header.checksum.fill(' ');
  std::array<char, kTarBlock> block{};
  std::memcpy(block.data(), &header, sizeof header);
  std::uint64_t sum = 0;
  for (const char byte : block) {
    sum += static_cast<unsigned char>(byte);
  }
  // Six digits, NUL, space: as every tar since the first has it.
  std::array<char, 7> digits{};
  set_octal(digits, sum);
  std::memcpy(block.data() + offsetof(Ustar, checksum), digits.data(), digits.size());
  bytes.append(block.data(), block.size());
}

/// "LENGTH KEY=VALUE\n", where the length counts itself.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (length != rest + format("{}", length).size()) {
    length = rest + format("{}", length).size();
  }
  std::string record = format("{} {}=", length, key);
  record += value;  // any bytes
  record += '\n';
  return record;
}

using PaxRecords = std::map<std::string, std::string, std::less<>>;

void append_pax(const PaxRecords& records, std::string& bytes) {
  std::string body;
  for (const auto& [key, value] : records) {
    body += pax_record(key, value);
  }
  Ustar header{};
  set_text(header.name, "././@PaxHeader");  // the name that Python's tarfile gives it
  set_octal(header.mode, 0644);
  set_octal(header.uid, 0);
  set_octal(header.gid, 0);
  set_octal(header.size, body.size());
  set_octal(header.mtime, 0);
  header.type = kPaxType;
  append_block(header, bytes);
  bytes += body;
  bytes.append(tar_padding(body.size()), '\0');
}

/// A number that has a field, and a record when the field is too small.
template <std::size_t N>
void set_number(std::array<char, N>& field,
                std::uint64_t value,
                const char* key,
                PaxRecords& records) {
  constexpr std::uint64_t kMaximum = N == 8 ? kMaxOctal7 : kMaxOctal11;
  if (value > kMaximum) {
    records.emplace(key, format("{}", value));
  }
  set_octal(field, value > kMaximum ? 0 : value);
}

void set_time(Ustar& header, const timespec& time, PaxRecords& records) {
  const auto seconds = static_cast<std::int64_t>(time.tv_sec);
  const bool fits = seconds >= 0 && static_cast<std::uint64_t>(seconds) <= kMaxOctal11;
  set_octal(header.mtime, fits ? static_cast<std::uint64_t>(seconds) : 0);
  if (seconds >= 0 && time.tv_nsec != 0) {
    records.emplace("mtime", format("{}.{:09}", seconds, time.tv_nsec));
  } else if (!fits) {
    // Before 1970 without the fraction: libarchive reads "-1.5" as half a second before.
    records.emplace("mtime", format("{}", seconds));
  }
}

}  // namespace

void append_tar_header(const Entry& entry, std::string& bytes) {
  Ustar header{};
  PaxRecords records;
  header.type = type_of(entry.kind);
  if (!set_path(header, entry.path)) {
    records.emplace("path", entry.path);
  }
  if (entry.link_target.size() > header.link_name.size()) {
    records.emplace("linkpath", entry.link_target);
  }
  set_text(header.link_name, entry.link_target);
  set_octal(header.mode, entry.mode & 07777U);
  set_number(header.uid, static_cast<std::uint64_t>(entry.uid), "uid", records);
  set_number(header.gid, static_cast<std::uint64_t>(entry.gid), "gid", records);
  set_number(header.size, entry.size, "size", records);
  set_time(header, entry.mtime, records);
  for (const Attribute& attribute : entry.attributes) {
    records.emplace("SCHILY.xattr." + std::string(attribute.name), attribute.value);
  }
  if (!records.empty()) {
    append_pax(records, bytes);
  }
  append_block(header, bytes);
}

}  // namespace devenv::image
