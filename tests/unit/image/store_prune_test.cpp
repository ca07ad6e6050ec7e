// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>

#include "env/base/format.hpp"
#include "env/image/store.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"
#include "tests/support/scratch.hpp"

using devenv::Digest;
using devenv::format;
using devenv::test::Scratch;
using namespace devenv::image;
namespace sys = devenv::sys;
using Names = std::vector<std::string>;

namespace {

Digest id(char byte) {
  return Digest::from_bytes(std::string(32, byte));
}

/// A store with what a test asks for.
class Stage {
 public:
  Stage() : store_(*Store::open(scratch_ / "store", "map")) {}

  const Store& store() const { return store_; }

  void add_layer(char name) { REQUIRE(sys::make_directories(store_.layer_tree(id(name)))); }
  void add_blob(char name) { REQUIRE(store_.put_blob(id(name), "{}")); }
  void add_file(const std::string& name) {
    REQUIRE(sys::write_file_atomic(store_.path() + "/" + name, "x"));
  }
  /// With its layers and blobs.
  void add_image(const std::string& reference,
                 char manifest,
                 char config,
                 const std::string& layers) {
    ImageRecord record{
        .reference = reference, .manifest_digest = id(manifest), .config_digest = id(config)};
    for (const char layer : layers) {
      record.layers.push_back(id(layer));
      add_layer(layer);
    }
    add_blob(manifest);
    add_blob(config);
    REQUIRE(store_.put_image(record));
  }

  PrunePlan plan(bool all = false,
                 const std::set<Digest>& layers = {},
                 const std::set<Digest>& manifests = {}) const {
    auto plan = store_.plan_prune(layers, manifests, all);
    REQUIRE(plan);
    return std::move(*plan);
  }

  /// The paths of a plan, relative to the store.
  Names paths(const PrunePlan& plan) const {
    Names names;
    for (const std::string& path : plan.paths) {
      REQUIRE(path.starts_with(store_.path() + "/"));
      names.push_back(path.substr(store_.path().size() + 1));
    }
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  Scratch scratch_;
  Store store_;
};

std::string layer(char name) {
  return "layers/" + id(name).hex();
}
std::string blob(char name) {
  return "blobs/sha256/" + id(name).hex();
}

}  // namespace

TEST_CASE("prune: nothing is left to do in a store without garbage") {
  Stage stage;
  CHECK(stage.plan().paths.empty());
  stage.add_image("a.example/x:1", 'm', 'c', "12");
  stage.add_image("b.example/x:1", 'n', 'd', "13");
  const PrunePlan plan = stage.plan();
  CHECK(plan.paths.empty());
  CHECK(plan.images.empty());
  CHECK(plan.problems.empty());
  CHECK(plan.locks.size() == 1);  // that of keep_unnamed_layers
  CHECK_FALSE(plan.more);
}

TEST_CASE("prune: layers, blobs and unfinished work that nobody needs go") {
  Stage stage;
  stage.add_image("a.example/x:1", 'm', 'c', "12");
  stage.add_layer('8');
  stage.add_layer('9');
  stage.add_blob('b');
  const std::string hex = id('p').hex();
  stage.add_file("tmp/" + hex + ".partial");
  stage.add_file("tmp/" + hex);
  stage.add_file("tmp/from-an-old-version");
  stage.add_file("blobs/sha256/" + id('m').hex() + ".tmp.0123456789abcdef");
  const PrunePlan plan = stage.plan(false, {id('9')});
  Names expected = {layer('8'),
                    blob('b'),
                    "tmp/" + hex + ".partial",
                    "tmp/" + hex,
                    "tmp/from-an-old-version",
                    blob('m') + ".tmp.0123456789abcdef"};
  std::sort(expected.begin(), expected.end());
  CHECK(stage.paths(plan) == expected);
  CHECK(plan.problems.empty());
  CHECK(plan.locks.size() == 5);  // 8, b, p, m, and that of keep_unnamed_layers
}

TEST_CASE("prune: what somebody holds a lock on stays") {
  Stage stage;
  stage.add_layer('1');
  stage.add_layer('2');
  stage.add_blob('b');
  stage.add_file("tmp/" + id('p').hex() + ".partial");
  const auto in_use = stage.store().lock_layer(id('1'), sys::LockMode::shared);
  const auto fetched = stage.store().lock_layer(id('b'), sys::LockMode::shared);
  const auto made = stage.store().lock_layer(id('p'), sys::LockMode::exclusive);
  const auto import = stage.store().begin_unfinished("import");
  REQUIRE(import);
  REQUIRE(sys::make_directories(import->path));
  CHECK(stage.paths(stage.plan()) == Names{layer('2')});
}

TEST_CASE("prune: while a layer without a name is made, layers stay, and locks are respected") {
  Stage stage;
  stage.add_image("a.example/x:1", 'm', 'c', "12");
  stage.add_layer('8');
  stage.add_blob('b');
  const auto made = stage.store().keep_unnamed_layers();
  REQUIRE(made);
  auto in_use = stage.store().lock_layer(id('1'), sys::LockMode::shared);
  REQUIRE(in_use);
  {
    const PrunePlan plan = stage.plan(true);
    CHECK(plan.images.empty());
    CHECK(stage.paths(plan) == Names{blob('b')});
    CHECK(plan.problems.size() == 1);
    CHECK_FALSE(plan.more);
  }
  in_use->release().reset();
  const PrunePlan later = stage.plan(true);
  CHECK(later.images == Names{"a.example/x:1"});
  Names blobs = {blob('b'), blob('c'), blob('m')};
  CHECK(stage.paths(later) == blobs);
}

TEST_CASE("prune: lock files of what is gone go, but for those somebody holds") {
  Stage stage;
  stage.add_layer('1');
  const std::string locks = stage.store().path() + "/locks/";
  for (const char name : {'1', '2', '3'}) {
    REQUIRE(stage.store().lock_layer(id(name), sys::LockMode::exclusive));
  }
  const auto held = stage.store().lock_layer(id('3'), sys::LockMode::shared);
  REQUIRE(held);
  REQUIRE(stage.store().remove_stale_locks());
  CHECK(sys::exists(locks + id('1').hex()));
  CHECK_FALSE(sys::exists(locks + id('2').hex()));
  CHECK(sys::exists(locks + id('3').hex()));
  CHECK(sys::exists(locks + "images.lock"));
}

TEST_CASE("prune: whoever waits for a lock file that is removed gets a lock on a new one") {
  Stage stage;
  const std::string file = stage.store().path() + "/locks/" + id('1').hex();
  auto lock = stage.store().lock_layer(id('1'), sys::LockMode::exclusive);
  REQUIRE(lock);
  auto child = sys::fork_child(0, [&]() -> int {
    lock->release().reset();  // the copy that it inherited
    const auto mine = stage.store().lock_layer(id('1'), sys::LockMode::exclusive);
    return mine && sys::exists(file) ? 0 : 1;
  });
  REQUIRE(child);
  REQUIRE(sys::remove_file(file));
  lock->release().reset();
  const auto status = child->wait();
  REQUIRE(status);
  CHECK(status->success());
}

TEST_CASE("prune: a plan keeps others away from what it will remove") {
  Stage stage;
  stage.add_layer('1');
  stage.add_layer('2');
  const PrunePlan plan = stage.plan(false, {id('2')});
  CHECK_FALSE(*stage.store().try_lock_layer(id('1'), sys::LockMode::shared));
  CHECK(*stage.store().try_lock_layer(id('2'), sys::LockMode::exclusive));
  // A second prune at the same time leaves it to the first.
  CHECK(stage.plan(false, {id('2')}).paths.empty());
}

TEST_CASE("prune: all also forgets images that no environment is made of") {
  Stage stage;
  stage.add_image("a.example/x:1", 'm', 'c', "12");
  stage.add_image("b.example/x:1", 'n', 'd', "13");
  stage.add_image("c.example/x:1", 'o', 'e', "14");
  const PrunePlan plan = stage.plan(true, {id('1'), id('2')}, {id('m')});
  CHECK(plan.images == Names{"b.example/x:1", "c.example/x:1"});
  Names expected = {layer('3'), layer('4'), blob('n'), blob('d'), blob('o'), blob('e')};
  std::sort(expected.begin(), expected.end());
  CHECK(stage.paths(plan) == expected);
}

TEST_CASE("prune: all keeps an image that is being used at this moment") {
  Stage stage;
  stage.add_image("a.example/x:1", 'm', 'c', "12");
  stage.add_image("b.example/x:1", 'n', 'd', "13");
  const auto used = stage.store().lock_layer(id('3'), sys::LockMode::shared);
  const PrunePlan plan = stage.plan(true);
  CHECK(plan.images == Names{"a.example/x:1"});
  Names expected = {layer('2'), blob('m'), blob('c')};
  std::sort(expected.begin(), expected.end());
  CHECK(stage.paths(plan) == expected);
}

TEST_CASE("prune: what an environment or image made meanwhile needs stays") {
  Stage stage;
  stage.add_image("a.example/x:1", 'm', 'c', "12");
  stage.add_layer('8');
  stage.add_layer('9');
  int asked = 0;
  const auto plan = stage.store().plan_prune(
      [&]() -> devenv::Result<StoreUsage> {
        if (++asked == 1) {
          return StoreUsage{};
        }
        stage.add_image("z.example/x:1", 'y', 'z', "9");
        stage.add_image("y.example/x:1", 'v', 'w', "9");
        return StoreUsage{.layers = {id('2'), id('1')}, .manifests = {id('m'), id('v')}};
      },
      true);
  REQUIRE(plan);
  CHECK(asked == 2);
  CHECK(plan->images == Names{"z.example/x:1"});  // no environment is made of it
  CHECK(stage.paths(*plan) == Names{layer('8')});
}

TEST_CASE("prune: an error of the usage is passed on") {
  Stage stage;
  const auto plan = stage.store().plan_prune(
      []() -> devenv::Result<StoreUsage> {
        return devenv::fail(devenv::ErrorCode::integrity, "an environment cannot be read");
      },
      false);
  REQUIRE_FALSE(plan);
  CHECK(plan.error().message() == "an environment cannot be read");
}

TEST_CASE("prune: what is missing or does not belong is told") {
  Stage stage;
  stage.add_image("a.example/x:1", 'm', 'c', "12");
  REQUIRE(sys::remove_tree(stage.store().layer_directory(id('2'))));
  REQUIRE(sys::remove_file(stage.store().blob_file(id('c'))));
  stage.add_file("layers/notes.txt");
  const PrunePlan plan = stage.plan(false, {id('2'), id('7')});
  CHECK(plan.problems ==
        Names{format("'{}/layers/notes.txt' is not part of the store", stage.store().path()),
              format("image 'a.example/x:1': layer {} is missing", id('2').abbreviated()),
              format("image 'a.example/x:1': config {} is missing", id('c').abbreviated()),
              format("layer {}, which an environment needs, is missing", id('7').abbreviated())});
  CHECK(plan.paths.empty());
}

struct Pruned {
  std::size_t images = 0;
  std::size_t paths = 0;
};

/// Plan after plan, which must come to an end.
Pruned prune_all(const Stage& stage, bool all) {
  Pruned pruned;
  bool more = true;
  for (int round = 0; more && round < 5; ++round) {
    const PrunePlan plan = stage.plan(all);
    for (const std::string& reference : plan.images) {
      REQUIRE(stage.store().remove_image(reference));
    }
    for (const std::string& path : plan.paths) {
      REQUIRE(sys::remove_tree(path));
    }
    pruned.images += plan.images.size();
    pruned.paths += plan.paths.size();
    more = plan.more;
  }
  CHECK_FALSE(more);
  return pruned;
}

TEST_CASE("prune: more garbage than locks can be held for takes several plans") {
  Stage stage;
  for (int i = 0; i < 600; ++i) {
    std::string bytes(32, 'x');
    bytes[0] = static_cast<char>(i / 256);
    bytes[1] = static_cast<char>(i % 256);
    REQUIRE(sys::make_directories(stage.store().layer_directory(Digest::from_bytes(bytes))));
  }
  CHECK(prune_all(stage, false).paths == 600);
}

TEST_CASE("prune: more images than locks can be held for go one after the other") {
  Stage stage;
  for (int i = 0; i < 40; ++i) {
    ImageRecord record{.reference = format("a.example/x:{}", i),
                       .manifest_digest = id('m'),
                       .config_digest = id('c')};
    for (int layer = 0; layer < 20; ++layer) {
      std::string bytes(32, 'x');
      bytes[0] = static_cast<char>(i);
      bytes[1] = static_cast<char>(layer);
      record.layers.push_back(Digest::from_bytes(bytes));
      REQUIRE(sys::make_directories(stage.store().layer_tree(record.layers.back())));
    }
    REQUIRE(stage.store().put_image(record));
  }
  CHECK(prune_all(stage, true).images == 40);
  const auto left = sys::list_directory(stage.store().path() + "/layers");
  REQUIRE(left);
  CHECK(left->empty());
}
