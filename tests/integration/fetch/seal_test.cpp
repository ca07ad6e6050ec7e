// SPDX-License-Identifier: MIT
// Trees that become layers of a store.
#include <doctest/doctest.h>

#include "env/base/json.hpp"
#include "env/image/codec/hash.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/sys/entry.hpp"
#include "tests/integration/fetch/fixture.hpp"
#include "tests/support/compress.hpp"
#include "tests/support/tar_builder.hpp"

namespace devenv::image::fetch::testing {
namespace {

using test::TarBuilder;

/// An upper directory: a file, a whiteout and an opaque directory.
std::string make_tree(const StoreFolder& store, const std::string& name) {
  const std::string tree = store.beside(name);
  CHECK_OK(sandbox::run_as_namespace_root(store.map(), [&]() -> Result<void> {
    TRY(sandbox::testing::put(tree + "/etc/new", "contents"));
    TRY(sandbox::testing::put_whiteout(tree + "/etc/gone"));
    TRY(sandbox::testing::make_opaque(tree + "/etc"));
    TRY(sandbox::testing::put_whiteout(tree + "/bin"));
    for (const char* path : {"/etc/new", "/etc", "/"}) {
      const timespec time{.tv_sec = 1'600'000'000, .tv_nsec = 0};
      TRY(sys::set_modified_at(AT_FDCWD, tree + path, time));
    }
    return {};
  }));
  return tree;
}

Run seal(const StoreFolder& store,
         const std::string& tree,
         const std::optional<Digest>& parent = std::nullopt) {
  Arguments arguments = {"seal", "--store", store.path(), "--tree", tree};
  if (parent) {
    arguments.insert(arguments.end(), {"--parent", parent->string()});
  }
  return run_worker(arguments);
}

/// The same layer as others pack it.
std::string expected_tar() {
  return TarBuilder()
      .directory("./")
      .file(".wh.bin", "", {.mode = 0})
      .directory("etc/")
      .file("etc/.wh..wh..opq", "")
      .file("etc/new", "contents")
      .finish();
}

}  // namespace

TEST_CASE("seal: a tree becomes a layer, and the same tree the same layer") {
  const StoreFolder store;
  const std::string tree = make_tree(store, "upper");
  const SealedLayer layer = seal(store, tree).layer();
  CHECK(layer.chain_id == layer.diff_id);
  CHECK(layer.size_bytes == 8);
  CHECK_FALSE(sys::exists(tree));
  CHECK(store.names("layers") == std::vector<std::string>{layer.chain_id.hex()});
  CHECK(store.names("tmp").empty());
  const auto text =
      sys::read_file(store.path() + "/layers/" + layer.chain_id.hex() + "/layer.json");
  REQUIRE(text);
  const auto json = json::parse(*text);
  REQUIRE(json);
  CHECK(json::string_or(*json, "diff_id", "") == layer.diff_id.string());
  CHECK(json::string_or(*json, "chain_id", "") == layer.chain_id.string());
  CHECK(json::get_uint(*json, "size_bytes").value_or(0) == 8);
  CHECK(json::get_uint(*json, "entries").value_or(0) == 5);

  const std::string again = make_tree(store, "again");
  CHECK(seal(store, again).layer() == layer);
  CHECK_FALSE(sys::exists(again));
  CHECK(store.names("layers").size() == 1);

  // On top of itself it is another layer of the same contents.
  const SealedLayer above = seal(store, make_tree(store, "above"), layer.chain_id).layer();
  CHECK(above.diff_id == layer.diff_id);
  CHECK(above.chain_id == chain_id(layer.chain_id, layer.diff_id));
  CHECK(store.names("layers").size() == 2);
}

TEST_CASE("seal: what an import unpacks is what was sealed") {
  const StoreFolder store;
  const StoreFolder other;
  REQUIRE(sys::write_file_atomic(other.beside("layer.tar"), expected_tar()));
  const ImageRecord record =
      run_worker({"import", "--store", other.path(), other.beside("layer.tar")}).record();
  // Unpacked there, sealed here: the id of the canonical tar, which is not the one that was
  // imported (another program wrote its headers).
  const std::string unpacked = other.tree(record, 0);
  const SealedLayer layer = seal(store, make_tree(store, "upper")).layer();
  const SealedLayer same = seal(other, unpacked).layer();
  CHECK(same.diff_id == layer.diff_id);
}

TEST_CASE("seal: an error leaves the tree where it is") {
  const StoreFolder store;
  const Digest missing = Digest::from_bytes(std::string(32, 'd'));
  const std::string tree = make_tree(store, "upper");
  const Error no_parent = seal(store, tree, missing).error();
  CHECK(no_parent.code() == ErrorCode::not_found);
  CHECK(no_parent.to_line() == "cannot make a layer of '" + tree + "': the layer below it, " +
                                   missing.string() + ", is not in the store");
  CHECK(sys::exists(tree + "/etc/new"));

  CHECK_OK(sandbox::run_as_namespace_root(
      store.map(), [&] { return sandbox::testing::put(tree + "/.wh.mine", "contents"); }));
  const Error reserved = seal(store, tree).error();
  CHECK(reserved.code() == ErrorCode::integrity);
  CHECK(reserved.to_line() == "cannot make a layer of '" + tree +
                                  "': cannot pack '.wh.mine': the name is reserved for "
                                  "whiteouts (.wh.)");
  CHECK(sys::exists(tree + "/etc/new"));
  CHECK(store.names("layers").empty());
  CHECK(store.names("tmp").empty());

  const Error gone = seal(store, store.beside("nothing")).error();
  CHECK(gone.code() == ErrorCode::not_found);
}

}  // namespace devenv::image::fetch::testing
