// SPDX-License-Identifier: MIT
#include "env/image/store.hpp"

#include <doctest/doctest.h>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"
#include "tests/support/scratch.hpp"

using devenv::Digest;
using devenv::ErrorCode;
using devenv::format;
using devenv::test::Scratch;
using namespace devenv::image;
namespace sys = devenv::sys;

namespace {

constexpr const char* kIdMap = "uid 0:100000:1000; gid 0:100000:1000";

Digest id(char byte) {
  return Digest::from_bytes(std::string(32, byte));
}

ImageRecord record(std::string reference, char manifest, std::vector<Digest> layers = {}) {
  return {.reference = std::move(reference),
          .manifest_digest = id(manifest),
          .config_digest = id('c'),
          .layers = std::move(layers),
          .architecture = "amd64",
          .environment = {"PATH=/usr/bin:/bin"},
          .size_bytes = 1,
          .created_at = "2026-01-02T03:04:05Z",
          .pulled_at = "2026-11-22T03:00:00Z"};
}

Store open_store(const Scratch& scratch) {
  auto store = Store::open(scratch / "store", kIdMap);
  REQUIRE(store);
  return std::move(*store);
}

std::string innermost(const devenv::Error& error) {
  const devenv::Error* last = &error;
  while (last->cause() != nullptr) {
    last = last->cause();
  }
  return last->message();
}

}  // namespace

TEST_CASE("store: a new one has its folders, closed to others, and records the id map") {
  const Scratch scratch;
  const Store store = open_store(scratch);
  for (const char* name : {"", "/blobs/sha256", "/layers", "/locks", "/tmp"}) {
    const auto info = sys::stat_path(store.path() + name);
    REQUIRE(info);
    REQUIRE(*info);
    CHECK(((*info)->st_mode & 07777U) == 0700U);
  }
  CHECK(sys::read_file(store.path() + "/format.json") ==
        format("{{\n  \"schema\": 1,\n  \"id_map\": \"{}\"\n}}\n", kIdMap));
  CHECK(store.images()->empty());
  CHECK(Store::open(store.path(), kIdMap));
}

TEST_CASE("store: several processes can open a new one at once") {
  const Scratch scratch;
  auto gate = sys::make_pipe();
  REQUIRE(gate);
  std::vector<sys::Child> children;
  for (int i = 0; i < 8; ++i) {
    auto child = sys::fork_child(0, [&]() -> int {
      gate->write_end.reset();
      (void)sys::read_all(gate->read_end.get());  // all start at the same moment
      const auto store = Store::open(scratch / "a/b/store", kIdMap);
      return store && store->put_image(record(format("localhost/x:{}", i), 'm')) ? 0 : 1;
    });
    REQUIRE(child);
    children.push_back(std::move(*child));
  }
  gate->write_end.reset();
  for (sys::Child& child : children) {
    const auto status = child.wait();
    REQUIRE(status);
    CHECK(status->success());
  }
  const auto store = Store::open(scratch / "a/b/store", kIdMap);
  REQUIRE(store);
  CHECK(store->images()->size() == 8);
  CHECK(sys::list_directory(store->path()) ==
        std::vector<std::string>{"blobs", "format.json", "images.json", "layers", "locks", "tmp"});
}

TEST_CASE("store: another id map is a conflict that says which") {
  const Scratch scratch;
  const Store store = open_store(scratch);
  const auto other = Store::open(store.path(), "uid 0:7:1; gid 0:7:1");
  REQUIRE_FALSE(other);
  CHECK(other.error().code() == ErrorCode::conflict);
  CHECK(innermost(other.error()) ==
        format("its layers belong to the ids '{}', but yours are now 'uid 0:7:1; gid 0:7:1'",
               kIdMap));
  CHECK_FALSE(other.error().hint().empty());
}

TEST_CASE("store: newer and damaged documents are told apart") {
  const Scratch scratch;
  const Store store = open_store(scratch);
  struct Row {
    const char* contents;
    ErrorCode code;
  };
  for (const char* name : {"/format.json", "/images.json"}) {
    const std::string file = store.path() + name;
    for (const Row& row : {
             Row{R"({"schema": 2})", ErrorCode::unsupported},
             Row{R"({"schema": 0})", ErrorCode::integrity},
             Row{"", ErrorCode::integrity},
             Row{"[]", ErrorCode::integrity},
             Row{R"({"schema": 1})", ErrorCode::integrity},
             Row{R"({"schema": 1, "id_map": 7, "images": [{}]})", ErrorCode::integrity},
         }) {
      CAPTURE(name);
      CAPTURE(row.contents);
      REQUIRE(sys::write_file_atomic(file, row.contents));
      devenv::Error error(ErrorCode::failed, "");
      if (auto opened = Store::open(store.path(), kIdMap); !opened) {
        error = opened.error();
      } else {
        const auto images = opened->images();
        REQUIRE_FALSE(images);
        error = images.error();
        CHECK_FALSE(opened->put_image(record("localhost/x:1", 'm')));
      }
      CHECK(error.code() == row.code);
      CHECK(error.to_line().find(file) != std::string::npos);
      CHECK(error.hint() == (row.code == ErrorCode::unsupported
                                 ? std::string("update devenv")
                                 : format("set it aside with mv {0} {0}.damaged, then pull the "
                                          "images again",
                                          file)));
    }
    REQUIRE(sys::remove_file(file));
  }
}

TEST_CASE("store: paths are made of digests") {
  const Scratch scratch;
  const Store store = open_store(scratch);
  const std::string hex = id('a').hex();
  CHECK(store.layer_directory(id('a')) == store.path() + "/layers/" + hex);
  CHECK(store.layer_tree(id('a')) == store.path() + "/layers/" + hex + "/fs");
  CHECK(store.blob_file(id('a')) == store.path() + "/blobs/sha256/" + hex);
  CHECK(store.partial_file(id('a')) == store.path() + "/tmp/" + hex + ".partial");
  CHECK_FALSE(store.has_layer(id('a')));
  REQUIRE(sys::make_directories(store.layer_tree(id('a'))));
  CHECK(store.has_layer(id('a')));
}

TEST_CASE("store: blobs are read as they were written") {
  const Scratch scratch;
  const Store store = open_store(scratch);
  CHECK(store.read_blob(id('b')).error().code() == ErrorCode::not_found);
  const std::string bytes("{\0}", 3);
  REQUIRE(store.put_blob(id('b'), bytes));
  CHECK(store.read_blob(id('b')) == bytes);
  REQUIRE(store.put_blob(id('b'), bytes));
  CHECK(sys::list_directory(store.path() + "/blobs/sha256") ==
        std::vector<std::string>{id('b').hex()});
}

TEST_CASE("store: images are replaced by reference, sorted and removed") {
  const Scratch scratch;
  const Store store = open_store(scratch);
  REQUIRE(store.put_image(record("b.example/x:1", 'm')));
  REQUIRE(store.put_image(record("a.example/x:1", 'm')));
  REQUIRE(store.put_image(record("b.example/x:1", 'n')));
  const auto images = store.images();
  REQUIRE(images);
  REQUIRE(images->size() == 2);
  CHECK(images->at(0) == record("a.example/x:1", 'm'));
  CHECK(images->at(1) == record("b.example/x:1", 'n'));
  REQUIRE(store.remove_image("a.example/x:1"));
  CHECK(store.images()->size() == 1);
  const auto again = store.remove_image("a.example/x:1");
  REQUIRE_FALSE(again);
  CHECK(again.error().code() == ErrorCode::not_found);
  CHECK(again.error().message() == "there is no image 'a.example/x:1'");
}

TEST_CASE("store: images are found by reference, digest and prefix") {
  const Scratch scratch;
  const Store store = open_store(scratch);
  const Digest similar = *Digest::parse("sha256:" + id('m').hex().substr(0, 60) + "0000");
  ImageRecord third = record("c.example/x:1", 'm');
  third.manifest_digest = similar;
  REQUIRE(store.put_image(record("a.example/x:1", 'm')));
  REQUIRE(store.put_image(record("b.example/x:1", 'm')));
  REQUIRE(store.put_image(record("d.example/x:1", 'd')));

  const auto found = [&](std::string_view name) -> std::string {
    const auto image = store.find_image(name);
    REQUIRE(image);
    return *image ? (*image)->reference : "";
  };
  CHECK(found("b.example/x:1") == "b.example/x:1");
  CHECK(found("b.example/x:2").empty());
  CHECK(found(id('m').string()) == "a.example/x:1");
  CHECK(found(id('m').hex().substr(0, 6)) == "a.example/x:1");
  CHECK(found("sha256:" + id('d').hex().substr(0, 12)) == "d.example/x:1");
  CHECK(found(id('m').hex().substr(0, 5)).empty());
  CHECK(found("").empty());
  CHECK(found("sha256:").empty());
  CHECK(found("ffffffff").empty());

  REQUIRE(store.put_image(third));
  const auto ambiguous = store.find_image(id('m').hex().substr(0, 6));
  REQUIRE_FALSE(ambiguous);
  CHECK(ambiguous.error().code() == ErrorCode::usage);
  CHECK(found(id('m').hex()) == "a.example/x:1");
}

TEST_CASE("store: an image with a missing layer is not found") {
  const Scratch scratch;
  const Store store = open_store(scratch);
  REQUIRE(store.put_image(record("a.example/x:1", 'm', {id('1'), id('2')})));
  REQUIRE(sys::make_directories(store.layer_tree(id('1'))));
  CHECK_FALSE(*store.find_image("a.example/x:1"));
  REQUIRE(sys::make_directories(store.layer_tree(id('2'))));
  CHECK(*store.find_image("a.example/x:1"));
}

TEST_CASE("store: layer locks exclude as they should") {
  const Scratch scratch;
  const Store store = open_store(scratch);
  {
    const auto shared = store.lock_layer(id('1'), sys::LockMode::shared);
    REQUIRE(shared);
    CHECK(*store.try_lock_layer(id('1'), sys::LockMode::shared));
    CHECK_FALSE(*store.try_lock_layer(id('1'), sys::LockMode::exclusive));
    CHECK(*store.try_lock_layer(id('2'), sys::LockMode::exclusive));
  }
  CHECK(*store.try_lock_layer(id('1'), sys::LockMode::exclusive));
}

TEST_CASE("store: unfinished work has a name and a lock of its own") {
  const Scratch scratch;
  const Store store = open_store(scratch);
  const auto one = store.begin_unfinished("import");
  const auto two = store.begin_unfinished("import");
  REQUIRE(one);
  REQUIRE(two);
  CHECK(one->path != two->path);
  CHECK(one->path.starts_with(store.temporary_directory() + "/"));
  CHECK(one->path.ends_with(".import"));
  CHECK_FALSE(sys::exists(one->path));
}

TEST_CASE("store: the lock of unfinished work goes with it") {
  const Scratch scratch;
  const Store store = open_store(scratch);
  const std::string locks = store.path() + "/locks";
  const auto before = sys::list_directory(locks);
  REQUIRE(before);
  {
    auto one = store.begin_unfinished("import");
    REQUIRE(one);
    CHECK(sys::list_directory(locks)->size() == before->size() + 1);
    const Unfinished moved = std::move(*one);  // what was moved from removes nothing
    one = fail(ErrorCode::failed, "");
    CHECK(sys::list_directory(locks)->size() == before->size() + 1);
  }
  CHECK(sys::list_directory(locks)->size() == before->size());
}

TEST_CASE("store: a thousand images are one small document") {
  const Scratch scratch;
  const Store store = open_store(scratch);
  devenv::Json images = devenv::Json::array();
  for (int i = 0; i < 1000; ++i) {
    images.push_back(
        record(format("a.example/x:{}", i), 'm', {id('1'), id('2'), id('3'), id('4'), id('5')})
            .to_json());
  }
  const devenv::Json document{{"schema", 1}, {"images", std::move(images)}};
  REQUIRE(sys::write_file_atomic(store.path() + "/images.json", devenv::json::dump(document)));
  CHECK(store.images()->size() == 1000);
  REQUIRE(store.put_image(record("a.example/x:7", 'n')));
  CHECK(store.images()->size() == 1000);
}

TEST_CASE("store: what a killed writer left is removed by the next one") {
  const Scratch scratch;
  const Store store = open_store(scratch);
  const std::string left = store.path() + "/images.json.tmp.0123456789abcdef";
  REQUIRE(sys::write_file_atomic(left, "{"));
  REQUIRE(store.put_image(record("a.example/x:7", 'n')));
  CHECK_FALSE(sys::exists(left));
}
