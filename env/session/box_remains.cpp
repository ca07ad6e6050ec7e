// SPDX-License-Identifier: MIT
#include "env/session/box_remains.hpp"

#include <array>
#include <string>
#include <string_view>

#include "env/base/text.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/tree.hpp"

namespace devenv::session {
namespace {

/// Drop-in directories; Distrobox writes its name into those of its files.
constexpr std::array<const char*, 9> kDropIns = {
    "/etc/profile.d",        "/etc/fish/conf.d",         "/usr/share/fish/vendor_conf.d",
    "/etc/apt/apt.conf.d",   "/etc/dpkg/dpkg.cfg.d",     "/etc/xbps.d",
    "/usr/lib/rpm/macros.d", "/usr/share/libalpm/hooks", "/usr/share/libalpm/scripts"};
constexpr std::string_view kTheirMark = "distrobox";

/// Notes of theirs that nothing else has.
constexpr std::array<const char*, 2> kNotes = {"/etc/passwd.done",
                                               "/usr/lib/rpm/macros.d/macros.toolbox"};

/// Places that the host's files were mounted onto. Without them they are empty.
constexpr std::array<const char*, 7> kMountPoints = {
    "/usr/bin/entrypoint",    "/usr/bin/distrobox-export", "/usr/bin/distrobox-host-exec",
    "/usr/bin/toolbox",       "/etc/profile.d/toolbox.sh", "/etc/profile.d/00-toolbox.sh",
    "/usr/bin/distrobox-init"};

/// Where commands may be links to theirs.
constexpr std::array<const char*, 2> kCommands = {"/usr/local/bin", "/usr/bin"};
constexpr std::string_view kTheirCommand = "distrobox-host-exec";

/// What is wrong with a directory is no reason not to start: then there is nothing of theirs in it.
std::vector<std::string> names_in(int root, const char* directory) {
  return sys::list_directory_in_root(root, directory).value_or(std::vector<std::string>{});
}

Result<void> remove_marked(int root, const char* directory) {
  for (const std::string& name : names_in(root, directory)) {
    if (name.find(kTheirMark) != std::string::npos) {
      TRY_ASSIGN(const auto place,
                 sys::open_parent_in_root(root, std::string(directory) + "/" + name));
      TRY(sys::remove_file_at(place.directory.get(), place.name));
    }
  }
  return {};
}

enum class Which { any, empty };

Result<void> remove_file(int root, const char* path, Which which) {
  const auto place = sys::open_parent_in_root(root, path);
  if (!place) {
    return {};
  }
  TRY_ASSIGN(const auto info, sys::stat_at(place->directory.get(), place->name));
  if (!info || !S_ISREG(info->st_mode) || (which == Which::empty && info->st_size > 0)) {
    return {};
  }
  return sys::remove_file_at(place->directory.get(), place->name);
}

Result<void> remove_links(int root, const char* directory) {
  const auto opened = sys::open_in_root(root, directory, O_RDONLY | O_DIRECTORY);
  if (!opened) {
    return {};
  }
  for (const std::string& name : names_in(root, directory)) {
    // Not stat first: most of a thousand are no links, and that one call says.
    const auto target = sys::read_link_at(opened->get(), name);
    if (target && text::base_name(*target) == kTheirCommand) {
      TRY(sys::remove_file_at(opened->get(), name));
    }
  }
  return {};
}

}  // namespace

Result<void> remove_box_remains(int root) {
  for (const char* directory : kDropIns) {
    TRY(remove_marked(root, directory));
  }
  for (const char* path : kNotes) {
    TRY(remove_file(root, path, Which::any));
  }
  for (const char* path : kMountPoints) {
    TRY(remove_file(root, path, Which::empty));
  }
  for (const char* directory : kCommands) {
    TRY(remove_links(root, directory));
  }
  return {};
}

}  // namespace devenv::session
