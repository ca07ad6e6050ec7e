// SPDX-License-Identifier: MIT
#include "cmd/export_watch.hpp"

#include <fcntl.h>

#include <chrono>
#include <optional>

#include "cmd/export_source.hpp"
#include "env/base/format.hpp"
#include "env/instance/catalog.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/inotify.hpp"
#include "env/sys/poll.hpp"
#include "env/sys/process.hpp"
#include "env/sys/tree.hpp"

namespace devenv::cmd {
namespace {

/// A package manager is at work as long as changes follow each other; but nobody waits for ever.
constexpr std::chrono::milliseconds kQuiet{700};
constexpr int kMostRounds = 30;

/// Watches a directory inside (absolute); as long as it is not there, the nearest one above it that
/// is. Gives which.
std::string watch_nearest(int root, const std::string& path, sys::DirectoryWatch& watch) {
  std::string place = path;
  const auto add = [&]() -> bool {
    const auto directory = sys::open_in_root(root, place, O_PATH | O_DIRECTORY);
    return directory && watch.add(directory->get());
  };
  while (!add() && place != "/") {
    place = sys::parent_of(place);
  }
  return place;
}

/// Directories inside that tell of programs.
void watch_directories(const ExportSource& source,
                       const exporting::Inside& inside,
                       sys::DirectoryWatch& watch) {
  const instance::ExportWishes& wishes = source.environment.spec.exports;
  std::vector<std::string> wanted;
  for (const std::string& directory : inside.data_directories) {
    wanted.push_back(directory + "/applications");
  }
  if (!wishes.binaries.empty()) {
    wanted.insert(wanted.end(), inside.program_directories.begin(),
                  inside.program_directories.end());
  }
  if (!wishes.services.empty()) {
    wanted.insert(wanted.end(), {"/usr/lib/systemd/user", "/usr/lib/systemd/system"});
  }
  for (const std::string& directory : wanted) {
    // What was made between looking and watching is seen by the second look.
    std::string before;
    std::string nearest = watch_nearest(source.root.get(), directory, watch);
    while (nearest != before) {
      before = nearest;
      nearest = watch_nearest(source.root.get(), directory, watch);
    }
  }
}

Result<void> renew(const ExportSource& source, Context& context) {
  TRY_ASSIGN(exporting::Exporter exporter, make_exporter(source, context));
  TRY_ASSIGN(const std::size_t changed,
             exporter.renew(source.environment.spec.exports, exporting::Gone::wait));
  TRY(exporter.finish());
  if (changed != 0) {
    context.ui().note(format("renewed {}", changed));
  }
  return {};
}

/// One watch for one start of the environment. That of an earlier start may still be at work: then
/// its turn is waited for. nullopt when there is one already, or the environment ends first.
Result<std::optional<sys::FileLock>> lock_watch(const ExportSource& source) {
  constexpr std::chrono::milliseconds kPause{200};
  const std::string file = source.environment.directory + "/watch.lock";
  while (true) {
    TRY_ASSIGN(auto lock, sys::FileLock::try_acquire(file, sys::LockMode::exclusive));
    if (lock) {
      TRY(sys::truncate_file(lock->fd(), 0));
      TRY(sys::write_all(lock->fd(), source.session_id));
      return lock;
    }
    const auto watched = sys::read_file(file);
    if (watched && *watched == source.session_id) {
      return std::nullopt;
    }
    TRY_ASSIGN(const bool ended, sys::wait_pidfd(source.process.get(), kPause));
    if (ended) {
      return std::nullopt;
    }
  }
}

/// True when something changed and it is quiet again, false when the environment ended.
Result<bool> wait_for_change(const ExportSource& source, sys::DirectoryWatch& watch) {
  std::vector<sys::WaitEntry> entries = {{.fd = watch.fd()}, {.fd = source.process.get()}};
  TRY(sys::wait_for_any(entries, std::nullopt));
  for (int round = 0; round < kMostRounds && !entries[1].ready && entries[0].ready; ++round) {
    watch.drain();
    TRY(sys::wait_for_any(entries, kQuiet));
  }
  return !entries[1].ready;
}

}  // namespace

Result<void> watch_exports(const std::string& name, Context& context) {
  TRY_ASSIGN(ExportSource source, open_export_source(name, context));
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto lock, lock_watch(source));
  if (!lock) {
    context.ui().note(format("'{}' is watched already", name));
    return {};
  }
  const exporting::Inside inside =
      exporting::inside_of(source.root.get(), source.environment, workspace->user.home);
  while (true) {
    TRY_ASSIGN(sys::DirectoryWatch watch, sys::DirectoryWatch::create());
    watch_directories(source, inside, watch);
    if (const auto renewed = renew(source, context); !renewed) {
      context.ui().warn(renewed.error().to_line(), renewed.error().hint());
    }
    TRY_ASSIGN(const bool changed, wait_for_change(source, watch));
    if (!changed) {
      return {};
    }
    // What the user wishes may be something else by now.
    TRY_ASSIGN(source.environment, instance::reload(source.environment));
  }
}

}  // namespace devenv::cmd
