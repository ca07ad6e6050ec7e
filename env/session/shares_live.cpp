// SPDX-License-Identifier: MIT
#include <sys/stat.h>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/session/host_paths.hpp"
#include "env/session/inside.hpp"
#include "env/session/plan.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"

namespace devenv::session {
namespace {

/// A link at `path` to the host's `target`. Something that is there stays, but for a link of ours
/// to what is gone.
void link_to_host(const std::string& path, const std::string& target) {
  const auto there = sys::stat_at(AT_FDCWD, path);
  if (!there) {
    return;
  }
  if (*there) {
    const auto old = sys::read_link_at(AT_FDCWD, path);
    if (!old || !is_below(*old, kHostRootInside) || *old == target ||
        !sys::remove_file_at(AT_FDCWD, path)) {
      return;
    }
  }
  const std::string parent = sys::parent_of(path);
  if (!sys::is_directory(parent) && sys::make_directories(parent, 0755)) {
    (void)sys::set_owner_at(AT_FDCWD, parent, 0, 0);
  }
  if (auto made = sys::make_symlink_at(AT_FDCWD, path, target); !made) {
    LOG_INFO("{}", made.error().to_line());
  }
  (void)sys::set_owner_at(AT_FDCWD, path, 0, 0);
}

}  // namespace

void refresh_links(const host::ShareChoice& shares,
                   const std::string& host_runtime,
                   const sys::User& user) {
  const bool own_runtime = has_private_runtime(shares) && !host_runtime.empty();
  const std::string runtime = runtime_directory_inside(shares, host_runtime, user.uid);
  for (const host::Share& share : host::all_shares()) {
    if (!shares.wants(share.name)) {
      continue;
    }
    for (const std::string_view word : text::split(share.links, ' ')) {
      const std::string path(word);
      if (path.starts_with("/run/") && sys::exists(kHostRootInside + path)) {
        link_to_host(path, kHostRootInside + path);
      }
      if (!path.starts_with('@') || !own_runtime) {
        continue;
      }
      const std::string source = kHostRootInside + host_runtime;
      for (const std::string& found : host::matching_paths(source + path.substr(1))) {
        link_to_host(runtime + found.substr(source.size()), found);
      }
    }
  }
}

}  // namespace devenv::session
