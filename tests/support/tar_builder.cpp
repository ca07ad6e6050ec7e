// SPDX-License-Identifier: MIT
#include "tests/support/tar_builder.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <numeric>

namespace devenv::test {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::uint64_t kLargestSmallId = 07777777;  // seven octal digits

// Offsets and lengths of the fields. Source: POSIX pax(1), "ustar Interchange Format".
struct Field {
  std::size_t offset;
  std::size_t length;
};
constexpr Field kName{0, 100};
constexpr Field kMode{100, 8};
constexpr Field kUid{108, 8};
constexpr Field kGid{116, 8};
constexpr Field kSize{124, 12};
constexpr Field kMtime{136, 12};
constexpr Field kChecksum{148, 8};
constexpr Field kLink{157, 100};
constexpr Field kMagic{257, 8};
constexpr Field kMajor{329, 8};
constexpr Field kMinor{337, 8};
constexpr std::size_t kTypeOffset = 156;

using Header = std::array<char, kBlock>;

void put(Header& header, Field field, std::string_view text) {
  std::copy_n(text.begin(), std::min(text.size(), field.length),
              header.begin() + static_cast<std::ptrdiff_t>(field.offset));
}

void put_octal(Header& header, Field field, std::uint64_t value) {
  std::string digits;
  for (std::size_t i = 0; i + 1 < field.length; ++i) {
    digits.insert(digits.begin(), static_cast<char>('0' + (value & 7U)));
    value >>= 3U;
  }
  put(header, field, digits);
}

void pad(std::string& bytes) {
  bytes.resize((bytes.size() + kBlock - 1) / kBlock * kBlock, '\0');
}

struct HeaderValues {
  char type = '0';
  std::string_view path;
  std::string_view link_target;
  std::uint64_t size = 0;
  unsigned mode = 0644;
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::int64_t mtime = 0;
  unsigned major = 0;
  unsigned minor = 0;
};

std::string header_block(const HeaderValues& values) {
  Header header{};
  put(header, kName, values.path);
  put_octal(header, kMode, values.mode);
  put_octal(header, kUid, std::min(values.uid, kLargestSmallId));
  put_octal(header, kGid, std::min(values.gid, kLargestSmallId));
  put_octal(header, kSize, values.size);
  put_octal(header, kMtime, values.mtime < 0 ? 0 : static_cast<std::uint64_t>(values.mtime));
  header.at(kTypeOffset) = values.type;
  put(header, kLink, values.link_target);
  put(header, kMagic, std::string_view("ustar\00000", 8));
  put_octal(header, kMajor, values.major);
  put_octal(header, kMinor, values.minor);
  put(header, kChecksum, "        ");
  const unsigned sum = std::accumulate(
      header.begin(), header.end(), 0U,
      [](unsigned so_far, char c) { return so_far + static_cast<unsigned char>(c); });
  put_octal(header, {kChecksum.offset, 7}, sum);
  header.at(kChecksum.offset + 6) = '\0';
  return {header.begin(), header.end()};
}

/// "LENGTH KEY=VALUE\n", where LENGTH counts its own digits.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::string rest = " " + std::string(key) + "=" + std::string(value) + "\n";
  std::size_t length = rest.size();
  while (std::to_string(length).size() + rest.size() != length) {
    length = std::to_string(length).size() + rest.size();
  }
  return std::to_string(length) + rest;
}

std::string pax_records(std::string_view path,
                        std::string_view link_target,
                        const TarAttributes& attributes) {
  std::string records;
  if (path.size() > kName.length) {
    records += pax_record("path", path);
  }
  if (link_target.size() > kLink.length) {
    records += pax_record("linkpath", link_target);
  }
  if (attributes.uid > kLargestSmallId) {
    records += pax_record("uid", std::to_string(attributes.uid));
  }
  if (attributes.gid > kLargestSmallId) {
    records += pax_record("gid", std::to_string(attributes.gid));
  }
  for (const auto& [key, value] : attributes.pax) {
    records += pax_record(key, value);
  }
  for (const auto& [name, value] : attributes.xattrs) {
    records += pax_record("SCHILY.xattr." + name, value);
  }
  return records;
}

unsigned mode_or(const TarAttributes& attributes, unsigned fallback) {
  return attributes.mode != 0 ? attributes.mode : fallback;
}

std::string with_pax(HeaderValues values, const TarAttributes& attributes, std::string_view body) {
  values.uid = attributes.uid;
  values.gid = attributes.gid;
  values.mtime = attributes.mtime;
  std::string bytes;
  const std::string records = pax_records(values.path, values.link_target, attributes);
  if (!records.empty()) {
    bytes += header_block({.type = 'x', .path = "PaxHeaders/entry", .size = records.size()});
    bytes += records;
    pad(bytes);
  }
  bytes += header_block(values);
  bytes += body;
  pad(bytes);
  return bytes;
}

}  // namespace

TarBuilder& TarBuilder::entry(char type,
                              std::string_view path,
                              std::string_view link_target,
                              std::string_view body,
                              std::uint64_t size,
                              const TarAttributes& attributes) {
  const unsigned fallback = type == '5' ? 0755 : type == '1' || type == '2' ? 0777 : 0644;
  bytes_ += with_pax({.type = type,
                      .path = path,
                      .link_target = link_target,
                      .size = size,
                      .mode = mode_or(attributes, fallback)},
                     attributes, body);
  return *this;
}

TarBuilder& TarBuilder::file(std::string_view path,
                             std::string_view contents,
                             const TarAttributes& attributes) {
  return entry('0', path, "", contents, contents.size(), attributes);
}

TarBuilder& TarBuilder::directory(std::string_view path, const TarAttributes& attributes) {
  return entry('5', path, "", "", 0, attributes);
}

TarBuilder& TarBuilder::symlink(std::string_view path,
                                std::string_view target,
                                const TarAttributes& attributes) {
  return entry('2', path, target, "", 0, attributes);
}

TarBuilder& TarBuilder::hard_link(std::string_view path,
                                  std::string_view target,
                                  const TarAttributes& attributes) {
  return entry('1', path, target, "", 0, attributes);
}

TarBuilder& TarBuilder::fifo(std::string_view path, const TarAttributes& attributes) {
  return entry('6', path, "", "", 0, attributes);
}

TarBuilder& TarBuilder::character_device(std::string_view path, unsigned major, unsigned minor) {
  bytes_ += header_block({.type = '3', .path = path, .major = major, .minor = minor});
  return *this;
}

TarBuilder& TarBuilder::block_device(std::string_view path, unsigned major, unsigned minor) {
  bytes_ += header_block({.type = '4', .path = path, .major = major, .minor = minor});
  return *this;
}

TarBuilder& TarBuilder::sparse_file(
    std::string_view path,
    std::uint64_t size,
    const std::vector<std::pair<std::uint64_t, std::string>>& pieces,
    const TarAttributes& attributes) {
  // Source: GNU tar manual, "Storing Sparse Files", PAX format version 1.0.
  std::string body = std::to_string(pieces.size()) + "\n";
  for (const auto& [offset, contents] : pieces) {
    body += std::to_string(offset) + "\n" + std::to_string(contents.size()) + "\n";
  }
  pad(body);
  for (const auto& [offset, contents] : pieces) {
    body += contents;
  }
  TarAttributes sparse = attributes;
  sparse.pax.insert(sparse.pax.end(), {{"GNU.sparse.major", "1"},
                                       {"GNU.sparse.minor", "0"},
                                       {"GNU.sparse.name", std::string(path)},
                                       {"GNU.sparse.realsize", std::to_string(size)}});
  return entry('0', "GNUSparseFile.0/file", "", body, body.size(), sparse);
}

TarBuilder& TarBuilder::raw(std::string_view bytes) {
  bytes_ += bytes;
  return *this;
}

std::string TarBuilder::finish() const {
  return bytes_ + std::string(2 * kBlock, '\0');
}

std::string tar_of_file(std::string_view path, std::string_view contents) {
  return TarBuilder().file(path, contents).finish();
}

}  // namespace devenv::test
