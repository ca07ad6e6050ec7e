// SPDX-License-Identifier: MIT
#include "env/export/host_caches.hpp"

#include <algorithm>
#include <array>
#include <csignal>

#include "env/base/format.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::exporting {
namespace {

/// What update-mime-database writes beside the directories of types (shared-mime-info 2.4).
constexpr std::array<std::string_view, 12> kMimeDatabase = {
    "aliases",    "generic-icons", "globs",     "globs2", "icons",   "magic",
    "mime.cache", "subclasses",    "treemagic", "types",  "version", "XMLnamespaces"};

std::string hicolor_of(const HostPlaces& places) {
  return places.icons + "/hicolor";
}

/// Desktops compare times of these two, and so does whoever reads a cache: one that is older than
/// its directory is not used (Icon Theme Specification, "Implementation notes").
void touch_icons(const HostPlaces& places) {
  for (const std::string& directory : {places.icons, hicolor_of(places)}) {
    // One that is not there needs no time.
    (void)sys::set_modified_at(AT_FDCWD, directory, {.tv_sec = 0, .tv_nsec = UTIME_NOW});
  }
}

Result<void> run(const CacheCommand& command, std::chrono::milliseconds time_limit) {
  TRY_ASSIGN(
      sys::Child child,
      sys::spawn(
          {.argv = command.argv, .stderr_fd = -1, .die_with_parent = true, .new_session = true}));
  TRY_ASSIGN(const bool ended, sys::wait_pidfd(child.pidfd(), time_limit));
  if (!ended) {
    // The destructor of `child` kills and reaps it.
    return fail(ErrorCode::failed, format("'{}' did not end in time", command.argv.front()));
  }
  TRY_ASSIGN(const sys::ExitStatus status, child.wait());
  if (!status.success()) {
    return fail(ErrorCode::failed, format("'{}' {}", join(command.argv, " "), status.to_string()));
  }
  return {};
}

bool has_packages(const HostPlaces& places) {
  const auto names = sys::list_directory(places.mime_packages());
  return !names || std::any_of(names->begin(), names->end(),
                               [](const std::string& name) { return name.ends_with(".xml"); });
}

/// What the program writes anew each time, when there is nothing in it: no package and no type.
void remove_empty_mime_database(const HostPlaces& places) {
  const auto types = sys::stat_path(places.mime + "/types");
  if (has_packages(places) || !types || !*types || (*types)->st_size != 0) {
    return;
  }
  for (const std::string_view name : kMimeDatabase) {
    (void)sys::remove_file(places.mime + "/" + std::string(name));
  }
  // Those of "application" and its like, where a file for each type was.
  for (const std::string& name :
       sys::list_directory(places.mime).value_or(std::vector<std::string>{})) {
    if (name != "packages") {
      (void)sys::remove_empty_directory(places.mime + "/" + name);
    }
  }
}

}  // namespace

std::vector<CacheCommand> cache_commands(const HostPlaces& places,
                                         const ChangedFiles& changed,
                                         const FindProgram& find_program) {
  std::vector<CacheCommand> commands;
  const auto add = [&](const char* name, std::vector<std::string> arguments, const char* purpose) {
    if (const auto program = find_program(name)) {
      arguments.insert(arguments.begin(), *program);
      commands.push_back({std::move(arguments), purpose});
    }
  };
  // Types first: the cache of desktop entries is about them.
  if (changed.mime && sys::is_directory(places.mime_packages())) {
    add("update-mime-database", {places.mime}, "types of files");
  }
  if (changed.applications && sys::is_directory(places.applications)) {
    add("update-desktop-database", {"--quiet", places.applications}, "which program opens what");
  }
  if (changed.icons && sys::exists(hicolor_of(places) + "/icon-theme.cache")) {
    // Our hicolor has no index.theme of its own, and needs none.
    add("gtk-update-icon-cache", {"--force", "--ignore-theme-index", "--quiet", hicolor_of(places)},
        "icons");
  }
  return commands;
}

void renew_caches(const HostPlaces& places,
                  const ChangedFiles& changed,
                  Reporter& reporter,
                  const FindProgram& find_program,
                  std::chrono::milliseconds time_limit) {
  if (changed.icons) {
    touch_icons(places);
  }
  for (const CacheCommand& command : cache_commands(places, changed, find_program)) {
    if (const auto done = run(command, time_limit); !done) {
      reporter.warn(format("cannot renew what the desktop knows of {}: {}", command.purpose,
                           done.error().to_line()),
                    "");
    }
  }
  if (changed.mime) {
    remove_empty_mime_database(places);
  }
}

}  // namespace devenv::exporting
