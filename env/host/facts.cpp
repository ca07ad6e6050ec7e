// SPDX-License-Identifier: MIT
#include "env/host/facts.hpp"

#include "env/host/editors.hpp"
#include "env/host/shares.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::host {
namespace {

constexpr std::string_view kHostRoot = "/run/host";

/// Where a link inside must point so that it reaches the host's file.
///
/// A relative link of the host works from /run/host/etc as it does from /etc, so the link may
/// simply go there and follows whatever the host changes. An absolute link would be resolved inside
/// the environment: it is taken apart here.
std::string link_into_host(const std::string& path) {
  std::string target = path;
  for (int links = 0; links < 8; ++links) {
    const auto next = sys::read_link(target);
    if (!next || !next->starts_with('/')) {
      break;
    }
    target = *next;
  }
  return std::string(kHostRoot) + target;
}

}  // namespace

std::string runtime_directory(const sys::User& user) {
  std::string path = sys::get_variable("XDG_RUNTIME_DIR");
  if (!path.starts_with('/')) {
    return "";
  }
  const auto info = sys::stat_path(path);
  const bool is_ours =
      info && *info && S_ISDIR((*info)->st_mode) && (*info)->st_uid == user.uid.get();
  return is_ours ? path : "";
}

Facts probe(const sys::User& user) {
  Facts facts{.home = user.home, .canonical_home = user.home};
  if (auto canonical = sys::canonical_path(user.home)) {
    facts.canonical_home = *std::move(canonical);
  }
  facts.runtime_directory = runtime_directory(user);
  facts.run_user = sys::is_directory("/run/user");
  facts.selinux = sys::exists("/sys/fs/selinux/enforce");
  facts.present = find_present(facts.runtime_directory);
  facts.editor_directories = find_editor_directories(user.home);
  for (const std::string& path : facts.present) {
    if (path.starts_with("/etc/")) {
      facts.etc_files.push_back({.path = path, .link_target = link_into_host(path)});
    }
  }
  return facts;
}

}  // namespace devenv::host
