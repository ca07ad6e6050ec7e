// SPDX-License-Identifier: MIT
// The headers that are written, through the reader of the headers that are read.
#include "env/image/layer/tar_header.hpp"

#include <doctest/doctest.h>

#include "env/base/text.hpp"
#include "env/image/codec/hash.hpp"
#include "env/image/layer/reader.hpp"
#include "tests/support/memory_source.hpp"

using namespace devenv::image;

namespace {

std::string header_of(const Entry& entry) {
  std::string bytes;
  append_tar_header(entry, bytes);
  return bytes;
}

/// Header and contents come back the same.
void check_round_trip(const Entry& entry) {
  CAPTURE(devenv::text::sanitize(entry.path));
  std::string bytes = header_of(entry);
  CHECK(bytes.size() % kTarBlock == 0);
  bytes.append(2 * kTarBlock, '\0');
  devenv::test::MemorySource source(bytes);
  TarReader reader(source);
  const auto read = reader.next();
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().to_line()));
  REQUIRE(*read != nullptr);
  const Entry& found = **read;
  CHECK(found.kind == entry.kind);
  CHECK(found.path == entry.path);
  CHECK(found.link_target == entry.link_target);
  CHECK(found.mode == entry.mode);
  CHECK(found.uid == entry.uid);
  CHECK(found.gid == entry.gid);
  CHECK(found.mtime.tv_sec == entry.mtime.tv_sec);
  CHECK(found.mtime.tv_nsec == entry.mtime.tv_nsec);
  CHECK(found.size == entry.size);
  REQUIRE(found.attributes.size() == entry.attributes.size());
  for (const Attribute& attribute : entry.attributes) {
    const bool there =
        std::any_of(found.attributes.begin(), found.attributes.end(), [&](const Attribute& other) {
          return other.name == attribute.name && other.value == attribute.value;
        });
    CHECK_MESSAGE(there, std::string(attribute.name));
  }
}

constexpr timespec kTime{.tv_sec = 1'600'000'000, .tv_nsec = 0};

}  // namespace

TEST_CASE("tar header: kinds, modes, ids and times come back as they were") {
  check_round_trip({.kind = EntryKind::directory, .path = "./", .mode = 0755, .mtime = kTime});
  check_round_trip({.kind = EntryKind::directory,
                    .path = "usr/lib/",
                    .mode = 03775,
                    .uid = 1,
                    .gid = 50,
                    .mtime = kTime});
  check_round_trip({.path = "a", .mode = 06755, .uid = 0, .gid = 0, .mtime = kTime});
  check_round_trip(
      {.kind = EntryKind::symlink, .path = "l", .link_target = "../x y", .mode = 0777});
  check_round_trip(
      {.kind = EntryKind::hard_link, .path = "h", .link_target = "usr/x", .mode = 0644});
  check_round_trip({.kind = EntryKind::fifo, .path = "p", .mode = 0600, .mtime = kTime});
}

TEST_CASE("tar header: what ustar has no room for comes back, too") {
  const std::string name(255, 'n');
  const std::string target(4000, 't');
  const timespec fraction{.tv_sec = 1'600'000'000, .tv_nsec = 123'456'789};
  for (const std::size_t length : {99U, 100U, 101U, 154U, 155U, 156U, 157U, 255U, 256U, 257U}) {
    std::string path;
    while (path.size() + 10 < length) {
      path += "directory/";
    }
    path.append(length - path.size(), 'f');
    check_round_trip({.path = path, .mode = 0644, .mtime = kTime});
    path.back() = '/';
    check_round_trip({.kind = EntryKind::directory, .path = path, .mode = 0755, .mtime = kTime});
  }
  check_round_trip({.path = name, .mode = 0644});
  check_round_trip({.kind = EntryKind::directory, .path = name + "/", .mode = 0755});
  check_round_trip({.kind = EntryKind::symlink, .path = "l", .link_target = target, .mode = 0777});
  check_round_trip({.kind = EntryKind::hard_link, .path = "h", .link_target = name, .mode = 0644});
  check_round_trip({.path = "a", .mode = 0644, .uid = 2'097'151, .gid = 2'097'151});
  check_round_trip({.path = "a", .mode = 0644, .uid = 2'097'152, .gid = 4'294'967'294});
  check_round_trip({.path = "a", .mode = 0644, .mtime = fraction});
  check_round_trip({.path = "a", .mode = 0644, .mtime = {.tv_sec = 8'589'934'592, .tv_nsec = 0}});
  check_round_trip({.path = "a", .mode = 0644, .mtime = {.tv_sec = -86'400, .tv_nsec = 0}});
  check_round_trip({.path = "a", .mode = 0644, .size = 8'589'934'591});
  check_round_trip({.path = "a", .mode = 0644, .size = 8'589'934'592});
}

TEST_CASE("tar header: names of any bytes and binary attributes come back") {
  check_round_trip({.path = "latin1-\xe4\xf6.txt", .mode = 0644});
  check_round_trip({.path = "new\nline\ttab \x01\x7f\\", .mode = 0644});
  check_round_trip({.path = std::string(120, '\xff'), .mode = 0644});
  check_round_trip({.path = "decomposed e\xcc\x81" + std::string(200, 'x'), .mode = 0644});
  check_round_trip({.kind = EntryKind::symlink,
                    .path = "l",
                    .link_target = std::string(101, '\xfe'),
                    .mode = 0777});
  const std::string binary("\0\n=\xff 12 a=b\n", 13);
  check_round_trip({.path = "a",
                    .mode = 0755,
                    .attributes = {{.name = "security.capability", .value = binary},
                                   {.name = "user.note", .value = "x"}}});
}

TEST_CASE("tar header: before 1970 the fraction of a second is left out") {
  const std::string with = header_of({.path = "a", .mtime = {.tv_sec = -5, .tv_nsec = 500}});
  CHECK(with == header_of({.path = "a", .mtime = {.tv_sec = -5, .tv_nsec = 0}}));
}

TEST_CASE("tar header: the bytes never change") {
  // A change of these digests would give every layer that is made from now on another id.
  const auto digest = [](const Entry& entry) { return sha256(header_of(entry)).abbreviated(); };
  const std::string plain =
      header_of({.path = "usr/bin/tool", .mode = 0755, .mtime = kTime, .size = 5});
  CHECK(plain.size() == kTarBlock);
  CHECK(plain.substr(0, 13) == std::string("usr/bin/tool\0", 13));
  CHECK(plain.substr(100, 48) == std::string("0000755\0"
                                             "0000000\0"
                                             "0000000\0"
                                             "00000000005\0"
                                             "13727410000\0",
                                             48));
  CHECK(plain.substr(257, 8) == std::string("ustar\00000", 8));
  CHECK(digest({.path = "usr/bin/tool", .mode = 0755, .mtime = kTime, .size = 5}) ==
        "5d1954d358b4");
  CHECK(digest({.path = std::string(300, 'x'),
                .mode = 04755,
                .uid = 3'000'000,
                .mtime = {.tv_sec = 1'600'000'000, .tv_nsec = 1},
                .attributes = {{.name = "user.b", .value = "2"},
                               {.name = "user.a", .value = "1"}}}) == "4fdff4956a9a");
}
