// SPDX-License-Identifier: MIT
// A tree that was made on this machine becomes a layer of the store.
#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/image/codec/hash.hpp"
#include "env/image/fetch/fetch.hpp"
#include "env/image/fetch/lock_set.hpp"
#include "env/image/fetch/pack_task.hpp"
#include "env/image/fetch/publish.hpp"
#include "env/image/fetch/root_task.hpp"
#include "env/image/fetch/workers.hpp"
#include "env/sys/file.hpp"
#include "env/sys/tree.hpp"

namespace devenv::image::fetch {
namespace {

constexpr mode_t kDirectoryMode = 0700;

/// The tree gets its place. Both renames are made by one process that nothing but SIGKILL ends in
/// between, and everything has reached the disk before.
Result<void> move_tree(const std::string& tree,
                       const std::string& directory,
                       const std::string& place) {
  TRY(sys::rename_no_replace(tree, directory + "/fs"));
  auto moved = sys::rename_no_replace(directory, place);
  if (!moved) {
    TRY(sys::rename_no_replace(directory + "/fs", tree));
  }
  return moved;
}

Result<void> publish(const Context& context, const std::string& tree, const LayerFacts& facts) {
  const std::string directory =
      format("{}/{}.layer", context.store.temporary_directory(), facts.chain_id.hex());
  if (sys::exists(directory)) {  // of somebody who was killed
    TRY(run_as_root(context, [&] { return sys::remove_tree(directory); }));
  }
  WorkDirectories work(context);
  work.add(directory);
  TRY(sys::make_directories(directory, kDirectoryMode));
  TRY(write_layer_json(directory, facts));
  TRY(sync_store(context));
  const std::string place = context.store.layer_directory(facts.chain_id);
  TRY(run_as_root_to_end(context, [&] { return move_tree(tree, directory, place); }));
  work.forget(directory);
  return {};
}

}  // namespace

Result<SealedLayer> seal(const Context& context,
                         const std::string& tree,
                         const std::optional<Digest>& parent) {
  TRY(context.cancellation.hold_signals());
  const auto work = [&]() -> Result<SealedLayer> {
    LockNeeds below;
    if (parent) {
      add_need(below, *parent, LockNeed::layer);
    }
    TRY_ASSIGN(const auto parent_lock, take_locks(context, below));
    if (parent && !context.store.has_layer(*parent)) {
      return fail(ErrorCode::not_found,
                  format("the layer below it, {}, is not in the store", parent->string()));
    }
    TRY_ASSIGN(const LayerOutcome outcome,
               pack_as_root(context, {.id = "changes", .tree = tree, .normalize = true}));
    for (const std::string& warning : outcome.unpacked.warnings) {
      LOG_INFO("the new layer: {}", warning);
    }
    SealedLayer sealed{.diff_id = outcome.diff_id,
                       .chain_id = chain_id(parent, outcome.diff_id),
                       .size_bytes = outcome.unpacked.bytes};
    LockNeeds own;
    add_need(own, sealed.chain_id, LockNeed::layer);
    TRY_ASSIGN(const auto lock, take_locks(context, own));
    if (context.store.has_layer(sealed.chain_id)) {
      TRY(run_as_root(context, [&] { return sys::remove_tree(tree); }));
      return sealed;
    }
    TRY(publish(context, tree,
                {.chain_id = sealed.chain_id,
                 .diff_id = sealed.diff_id,
                 .size_bytes = sealed.size_bytes,
                 .entries = outcome.unpacked.entries,
                 .tar_bytes = outcome.tar_bytes,
                 .newest = outcome.unpacked.newest}));
    return sealed;
  };
  auto sealed = work();
  if (!sealed) {
    const Error error =
        sealed.error().context(format("cannot make a layer of '{}'", text::sanitize(tree)));
    return fail(explain_disk_error(error, context.store.path()));
  }
  return sealed;
}

}  // namespace devenv::image::fetch
