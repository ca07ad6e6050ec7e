// SPDX-License-Identifier: MIT
// Trees become tars and trees again.
#include "env/image/layer/pack.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <functional>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/layer/reader.hpp"
#include "env/sandbox/id_map.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/tree.hpp"
#include "env/sys/xattr.hpp"
#include "tests/integration/layer/fixture.hpp"
#include "tests/support/memory_source.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/tar_builder.hpp"

using namespace devenv;
using namespace devenv::image;
using devenv::image::testing::describe_tree;
using devenv::image::testing::run_each_way;
using devenv::image::testing::unpack_one;
using devenv::test::TarBuilder;

namespace {

class MemorySink final : public ByteSink {
 public:
  Result<void> write(std::string_view more) override {
    bytes += more;
    if (on_write) {
      on_write();
    }
    return {};
  }
  std::string bytes;
  std::function<void()> on_write;
};

Result<sys::UniqueFd> make_root(const std::string& path) {
  TRY(sys::make_directories(path));
  return sys::open_file(path, O_RDONLY | O_DIRECTORY);
}

Result<std::string> pack(int root) {
  MemorySink sink;
  TRY(pack_layer(root, sink));
  return std::move(sink.bytes);
}

Result<void> expect(bool condition, const std::string& what) {
  return condition ? Result<void>{} : fail(ErrorCode::failed, what);
}

/// "NAME" or "NAME -> TARGET" of each entry, in order.
Result<std::vector<std::string>> entries_of(const std::string& tar) {
  test::MemorySource source(tar);
  TarReader reader(source);
  std::vector<std::string> lines;
  while (true) {
    TRY_ASSIGN(const Entry* entry, reader.next());
    if (entry == nullptr) {
      return lines;
    }
    std::string line = text::sanitize(entry->path);
    line += entry->link_target.empty() ? "" : " -> " + text::sanitize(entry->link_target);
    lines.push_back(std::move(line));
  }
}

/// Unpacks `tar`, packs it, and does both again: trees and tars are the same. The packed tar.
Result<std::string> round_trip(const std::string& directory, const std::string& tar) {
  TRY_ASSIGN(const sys::UniqueFd first, make_root(directory + "/first"));
  TRY(unpack_one(tar, first.get(), {}));
  TRY_ASSIGN(const std::string before, describe_tree(first.get()));
  TRY_ASSIGN(const std::string packed, pack(first.get()));
  TRY_ASSIGN(const std::string still, describe_tree(first.get()));
  TRY(expect(before == still, "packing changed the tree"));
  TRY_ASSIGN(const sys::UniqueFd second, make_root(directory + "/second"));
  TRY(unpack_one(packed, second.get(), {}));
  TRY_ASSIGN(const std::string after, describe_tree(second.get()));
  TRY(expect(before == after, "the tree is another one:\n" + before + "---\n" + after));
  TRY_ASSIGN(const std::string again, pack(second.get()));
  TRY(expect(packed == again, "packed again, the bytes are others"));
  return packed;
}

void check_entries(const std::string& tar, const std::vector<std::string>& expected) {
  run_each_way([&](const std::string& directory) -> Result<void> {
    TRY_ASSIGN(const std::string packed, round_trip(directory, tar));
    TRY_ASSIGN(const auto found, entries_of(packed));
    return expect(found == expected, "the entries are\n" + join(found, "\n"));
  });
}

/// An error of packing `tar` as root of the namespace, after `change`.
void check_refused(const std::string& tar,
                   const std::function<Result<void>(int root)>& change,
                   ErrorCode code,
                   const std::string& line) {
  run_each_way([&](const std::string& directory) -> Result<void> {
    TRY_ASSIGN(const sys::UniqueFd root, make_root(directory + "/tree"));
    TRY(unpack_one(tar, root.get(), {}));
    TRY(change(root.get()));
    const auto packed = pack(root.get());
    TRY(expect(!packed, "it was packed"));
    TRY(expect(packed.error().code() == code, "another kind of error"));
    return expect(packed.error().to_line() == line, packed.error().to_line());
  });
}

}  // namespace

TEST_CASE("pack: marks first, then names by their bytes, directories before what is in them") {
  check_entries(TarBuilder()
                    .file("b/file", "contents")
                    .file("b-c", "")
                    .directory("a", {.mode = 0700})
                    .symlink("a/link", "../b")
                    .file(".wh.zzz", "")
                    .file("b/.wh.gone", "")
                    .file("Upper", "x")
                    .directory("o")
                    .file("o/.wh..wh..opq", "")
                    .file("o/inside", "y")
                    .fifo("a/fifo")
                    .directory("./")
                    .finish(),
                {"./", ".wh.zzz", "Upper", "a/", "a/fifo", "a/link -> ../b", "b/", "b/.wh.gone",
                 "b/file", "b-c", "o/", "o/.wh..wh..opq", "o/inside"});
}

TEST_CASE("pack: owners, modes, times and attributes survive") {
  const std::string capability(
      "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
      "\x00\x00\x00\x00",
      20);
  run_each_way([&](const std::string& directory) -> Result<void> {
    TRY_ASSIGN(
        const std::string packed,
        round_trip(
            directory,
            TarBuilder()
                .directory("./", {.mode = 0711, .uid = 3, .gid = 4, .mtime = 5})
                .directory("d", {.mode = 03775, .gid = 50, .xattrs = {{"user.note", "d"}}})
                .file("d/setuid", "x", {.mode = 06755, .uid = 7, .mtime = -100})
                .file("d/capable", "x",
                      {.mode = 0755, .xattrs = {{"security.capability", capability}}})
                .file("d/late", "", {.pax = {{"mtime", "9000000000.123456789"}}})
                .file("d/nobody", "", {.uid = 65534, .gid = 65534})
                .file("d/none", "", {.mode = 01000, .xattrs = {{"user.b", "2"}, {"user.a", ""}}})
                .symlink("d/link", "nowhere", {.uid = 9, .mtime = 11})
                .fifo("d/fifo", {.mode = 0620, .uid = 1})
                .finish()));
    return expect(packed.size() % 512 == 0, "not a number of blocks");
  });
}

TEST_CASE("pack: of several names of a file the first has the contents") {
  check_entries(TarBuilder()
                    .directory("./")
                    .directory("z")
                    .file("z/one", "contents", {.mode = 04711, .uid = 5})
                    .hard_link("a", "z/one")
                    .hard_link("m", "z/one")
                    .symlink("link", "target")
                    .hard_link("z/link", "link")
                    .fifo("pipe")
                    .hard_link("z/pipe", "pipe")
                    .finish(),
                {"./", "a", "link -> target", "m -> a", "pipe", "z/", "z/link -> link",
                 "z/one -> a", "z/pipe -> pipe"});
}

TEST_CASE("pack: names of any bytes and any length") {
  const std::string component(255, '\xfe');
  const std::string deep = component + "/" + component + "/" + component;
  check_entries(
      TarBuilder()
          .directory("./")
          .directory(component)
          .directory(component + "/" + component)
          .file(deep, "x")
          .hard_link("hard", deep)
          .symlink("soft", std::string(4000, '\xfd'))
          .file("new\nline", "")
          .file("\xff", "")
          .file("\x01", "")
          .finish(),
      {"./", "\\x01", "hard", "new\\x0aline",
       "soft -> " + text::sanitize(std::string(4000, '\xfd')), text::sanitize(component) + "/",
       text::sanitize(component) + "/" + text::sanitize(component) + "/",
       text::sanitize(deep) + " -> hard", "\\xff"});
}

TEST_CASE("pack: contents of every size around the blocks and the buffer") {
  TarBuilder builder;
  builder.directory("./");
  for (const std::size_t size : {1U, 511U, 512U, 513U, 1048575U, 1048576U, 3000000U}) {
    builder.file(format("f{:07}", size), std::string(size, static_cast<char>('a' + size % 26)));
  }
  builder.sparse_file("holes", 5'000'000, {{4'000'000, "data"}});
  run_each_way([&](const std::string& directory) -> Result<void> {
    TRY(round_trip(directory, builder.finish()));
    return {};
  });
}

TEST_CASE("pack: an empty tree is its root") {
  check_entries(TarBuilder().directory("./", {.mode = 0700}).finish(), {"./"});
}

TEST_CASE("pack: marks that hide nothing are left out") {
  run_each_way([](const std::string& directory) -> Result<void> {
    TRY_ASSIGN(const sys::UniqueFd root, make_root(directory + "/tree"));
    TRY(unpack_one(TarBuilder().directory("./").directory("o/in").finish(), root.get(), {}));
    TRY(sys::set_xattr(root.get(), "user.overlay.opaque", "y"));
    TRY(sys::set_xattr_at(root.get(), "o", "user.overlay.opaque", "y"));
    TRY(sys::make_node_at(root.get(), "o/gone", S_IFCHR, 0));
    TRY(sys::make_node_at(root.get(), "o/in/gone", S_IFCHR, 0));
    TRY_ASSIGN(const std::string packed, pack(root.get()));
    TRY_ASSIGN(const auto found, entries_of(packed));
    return expect(found == std::vector<std::string>{"./", "o/", "o/.wh..wh..opq", "o/in/"},
                  join(found, "\n"));
  });
}

TEST_CASE("pack: a name that would be a mark is refused") {
  const auto tar = TarBuilder().directory("./").directory("d").finish();
  const auto make = [](const char* name) {
    return [name](int root) -> Result<void> {
      TRY(sys::open_at(root, name, O_WRONLY | O_CREAT, 0600));
      return {};
    };
  };
  check_refused(tar, make("d/.wh.x"), ErrorCode::integrity,
                "cannot pack 'd/.wh.x': the name is reserved for whiteouts (.wh.)");
  check_refused(tar, make(".wh..wh..opq"), ErrorCode::integrity,
                "cannot pack '.wh..wh..opq': the name is reserved for whiteouts (.wh.)");
}

TEST_CASE("pack: a path that could not be unpacked again is refused") {
  const std::string name(200, 'd');
  check_refused(
      TarBuilder().directory("./").finish(),
      [&](int root) -> Result<void> {
        TRY_ASSIGN(sys::UniqueFd at, sys::duplicate(root));
        for (int depth = 0; depth < 21; ++depth) {
          TRY(sys::make_directory_at(at.get(), name, 0755));
          TRY_ASSIGN(at, sys::open_at(at.get(), name, O_RDONLY | O_DIRECTORY));
        }
        return {};
      },
      ErrorCode::integrity,
      "cannot pack '" +
          [&] {
            std::string path = name;
            for (int depth = 1; depth < 21; ++depth) {
              path += "/" + name;
            }
            return path;
          }() +
          "': its path has more than 4095 bytes");
}

TEST_CASE("pack: a file that changes while it is read is an error") {
  run_each_way([](const std::string& directory) -> Result<void> {
    TRY_ASSIGN(const sys::UniqueFd root, make_root(directory + "/tree"));
    TRY_ASSIGN(const sys::UniqueFd file, sys::open_at(root.get(), "file", O_RDWR | O_CREAT, 0600));
    for (const std::uint64_t size : {1000ULL, 9'000'000ULL}) {
      TRY(sys::truncate_file(file.get(), 5'000'000));
      MemorySink sink;
      sink.on_write = [&] { (void)sys::truncate_file(file.get(), size); };
      const auto packed = pack_layer(root.get(), sink);
      TRY(expect(!packed && packed.error().code() == ErrorCode::conflict &&
                     packed.error().to_line() == "cannot pack 'file': it changed while it was read",
                 packed ? "it was packed" : packed.error().to_line()));
    }
    return {};
  });
}

TEST_CASE("pack: what belongs to nobody that the namespace knows is refused") {
  if (::geteuid() != 0) {
    return;  // only root can make such a file
  }
  const auto directory = sys::TemporaryDirectory::create("/var/tmp", "devenv-layer-");
  REQUIRE(directory);
  REQUIRE(::chmod(directory->path().c_str(), 0777) == 0);
  constexpr sandbox::SubordinateRange kRange{300000, 65536};
  const sandbox::IdMap map{.uids = sandbox::keep_id_extents(0, {kRange}),
                           .gids = sandbox::keep_id_extents(0, {kRange})};
  const std::string tree = directory->path() + "/tree";
  REQUIRE(sys::make_directories(tree));
  REQUIRE(::chown(tree.c_str(), 300001, 300001) == 0);
  const std::string file = tree + "/file";
  struct Case {
    uid_t uid;
    gid_t gid;
    mode_t mode;
  };
  for (const Case& example :
       {Case{12345, 300001, 0644}, Case{300001, 12345, 0644}, Case{12345, 12345, 0600}}) {
    REQUIRE(sys::replace_file(file, "x", example.mode));
    REQUIRE(::chown(file.c_str(), example.uid, example.gid) == 0);
    const auto packed = sandbox::run_as_namespace_root(map, [&]() -> Result<void> {
      TRY_ASSIGN(const sys::UniqueFd root, sys::open_file(tree, O_RDONLY | O_DIRECTORY));
      TRY(pack(root.get()));
      return {};
    });
    REQUIRE_FALSE(packed);
    CHECK(packed.error().to_line() == "cannot pack 'file': its owner is outside of the id map");
  }
}
