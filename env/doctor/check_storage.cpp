// SPDX-License-Identifier: MIT
// Where the store is, and what can be mounted on it.
#include <fcntl.h>
#include <unistd.h>

#include "env/base/format.hpp"
#include "env/doctor/checks_internal.hpp"
#include "env/instance/catalog.hpp"
#include "env/sys/file.hpp"
#include "env/sys/inode_flags.hpp"
#include "env/sys/process.hpp"

namespace devenv::doctor {
namespace {

using sandbox::StorageDriver;

FuseFacts look_at_fuse(Context& context) {
  FuseFacts facts{.installed = sys::find_program("fuse-overlayfs").has_value()};
  const auto device = sys::open_file("/dev/fuse", O_RDWR);
  if (!device) {
    facts.device =
        sys::exists("/dev/fuse") ? FuseFacts::Device::denied : FuseFacts::Device::missing;
  }
  if (facts.installed && device) {
    facts.attempt = context.storage(StorageDriver::fuse_overlayfs);
  }
  return facts;
}

Result<StoreFacts> look_at_store(Context& context) {
  StoreFacts facts{.directory = context.store_location()};
  TRY_ASSIGN(const sys::FileSystemInfo info, sys::file_system_info(facts.directory));
  TRY_ASSIGN(const std::string real, sys::canonical_path(facts.directory));
  TRY_ASSIGN(const std::string mounts, sys::read_file("/proc/self/mountinfo"));
  TRY_ASSIGN(facts.ignores_case, sys::ignores_case(facts.directory));
  facts.mount_point = mount_point_of(mounts, real);
  facts.type = info.type;
  facts.read_only = info.read_only;
  facts.nosuid = info.nosuid;
  facts.noexec = info.noexec;
  facts.available_bytes = info.available_bytes;
  facts.writable = sys::is_writable(facts.directory);
  facts.overlay_works = context.storage(StorageDriver::overlay).works() ||
                        context.storage(StorageDriver::fuse_overlayfs).works();
  return facts;
}

Verdict broken(const Error& error) {
  return {.status = Status::fail, .detail = error.to_line(), .hint = error.hint()};
}

}  // namespace

Result<Verdict> check_overlay(Context& context) {
  return judge_overlay(context.storage(StorageDriver::overlay), look_at_fuse(context));
}

Result<Verdict> check_fuse_overlayfs(Context& context) {
  return judge_fuse(look_at_fuse(context), context.storage(StorageDriver::overlay),
                    context.distribution());
}

Result<Verdict> check_store_file_system(Context& context) {
  TRY_ASSIGN(const StoreFacts facts, look_at_store(context));
  return judge_store_file_system(facts);
}

Result<Verdict> check_store_mount(Context& context) {
  TRY_ASSIGN(const StoreFacts facts, look_at_store(context));
  return judge_store_mount(facts);
}

Result<Verdict> check_store_space(Context& context) {
  TRY_ASSIGN(const StoreFacts facts, look_at_store(context));
  return judge_store_space(facts);
}

Result<Verdict> check_records(Context& context) {
  const instance::Workspace& workspace = context.workspace();
  const auto listing = instance::list_environments(workspace);
  if (!listing) {
    return broken(listing.error());
  }
  if (!listing->damaged.empty()) {
    const instance::Damaged& damaged = listing->damaged.front();
    return broken(damaged.reason.context(format("environment '{}'", damaged.name.string()))
                      .with_hint(format("if its files cannot be repaired: devenv rm --force {}",
                                        damaged.name.string())));
  }
  std::size_t count = 0;
  if (sys::exists(workspace.paths.store())) {
    const auto store = workspace.store();
    const auto images = store ? store->images() : fail(store.error());
    if (!images) {
      return broken(images.error());
    }
    count = images->size();
  }
  return Verdict{.detail =
                     format("{} images, {} environments", count, listing->environments.size())};
}

}  // namespace devenv::doctor
