// SPDX-License-Identifier: MIT
#include "env/export/writer.hpp"

#include <fcntl.h>

#include <algorithm>
#include <functional>
#include <set>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"

namespace devenv::exporting {
namespace {

/// update-desktop-database(1) leaves the head of the list where nothing is any more.
bool is_empty_cache(std::string_view contents) {
  return contents.find('=') == std::string_view::npos;
}

using sys::parent_of;

/// The fingerprint of what is there; nullopt for nothing, "" for what is no regular file.
Result<std::optional<std::string>> fingerprint_of(const std::string& path) {
  TRY_ASSIGN(const auto info, sys::stat_at(AT_FDCWD, path));
  if (!info) {
    return std::nullopt;
  }
  if (!S_ISREG(info->st_mode)) {
    return std::optional<std::string>("");
  }
  TRY_ASSIGN(const std::string contents, sys::read_file(path));
  return std::optional<std::string>(fingerprint(contents));
}

/// Unless it is not what was written, or what a power failure leaves of that.
Result<void> remove_own_file(const ExportedFile& file) {
  TRY_ASSIGN(const auto there, fingerprint_of(file.path));
  if (there && (*there == file.fingerprint || *there == fingerprint(""))) {
    TRY(sys::remove_file(file.path));
  }
  return {};
}

const ExportedFile* find_path(const std::vector<ExportedFile>& files, const std::string& path) {
  const auto found = std::find_if(files.begin(), files.end(),
                                  [&](const ExportedFile& file) { return file.path == path; });
  return found == files.end() ? nullptr : &*found;
}

/// Removes what a writer that was killed has left in `directory` of files that `is_meant` names.
void remove_leftovers(const std::string& directory,
                      const std::function<bool(const std::string& path)>& is_meant) {
  for (const std::string& name :
       sys::list_directory(directory).value_or(std::vector<std::string>())) {
    const std::string_view meant = sys::without_temporary_suffix(name);
    if (!meant.empty() && is_meant(format("{}/{}", directory, meant))) {
      (void)sys::remove_file(format("{}/{}", directory, name));
    }
  }
}

void remove_leftovers(const Ledger& ledger) {
  std::set<std::string> directories;
  for (const Export& entry : ledger.exports) {
    for (const ExportedFile& file : entry.files) {
      directories.insert(parent_of(file.path));
    }
  }
  for (const std::string& directory : directories) {
    remove_leftovers(directory, [&](const std::string& path) { return ledger.names(path); });
  }
}

}  // namespace

/// An export that was looked at: what there is to do for it.
struct Writer::Planned {
  Export entry;
  std::vector<ExportedFile> old_files;
  std::vector<NewFile> to_write;
  std::vector<ExportedFile> superfluous;
  Change change = Change::nothing;
  std::size_t result = 0;  ///< its place among the results
};

Result<Writer> Writer::open(const std::string& data,
                            const instance::EnvironmentDirectory& environment) {
  TRY_ASSIGN(sys::FileLock lock,
             sys::FileLock::acquire(data + "/exports.lock", sys::LockMode::exclusive));
  // Whoever holds the lock is the only one who writes them.
  remove_leftovers(data, [&](const std::string& path) { return path == traces_file(data); });
  TRY_ASSIGN(Ledger ledger, load_ledger(environment));
  if (ledger.unfinished) {
    remove_leftovers(ledger);
    ledger.unfinished = false;
  }
  return Writer(data, environment, std::move(lock), std::move(ledger), load_traces(data));
}

std::optional<std::string> Writer::obstacle(const std::string& path) const {
  const auto there = fingerprint_of(path);
  if (!there) {
    return there.error().to_line();
  }
  if (!*there) {
    return std::nullopt;
  }
  if (ledger_.owns({path, **there})) {
    return std::nullopt;
  }
  return format(
      "'{}' {}", text::sanitize(path),
      ledger_.names(path) ? "was changed by somebody else" : "is there already, and not ours");
}

Result<void> Writer::make_parents(const std::string& path) {
  const std::string parent = parent_of(path);
  std::vector<std::string> missing;
  for (std::string place = parent; !place.empty() && !sys::is_directory(place);
       place = parent_of(place)) {
    missing.push_back(place);
  }
  if (missing.empty()) {
    return {};
  }
  traces_.directories.insert(traces_.directories.end(), missing.begin(), missing.end());
  TRY(save_traces());
  return sys::make_directories(parent);
}

Result<Writer::Planned> Writer::plan(NewExport wanted) const {
  Planned planned;
  const Export* const old = ledger_.find(wanted.entry.kind, wanted.entry.id);
  planned.old_files = old != nullptr ? old->files : std::vector<ExportedFile>();
  wanted.entry.files.clear();
  std::erase_if(wanted.files, [seen = std::set<std::string>()](const NewFile& file) mutable {
    return !seen.insert(file.path).second;
  });
  for (NewFile& file : wanted.files) {
    const ExportedFile described{file.path, fingerprint(file.contents)};
    TRY_ASSIGN(const auto there, fingerprint_of(file.path));
    if (there && !ledger_.owns({file.path, *there})) {
      return fail(ErrorCode::conflict, obstacle(file.path).value_or(""));
    }
    wanted.entry.files.push_back(described);
    if (there != described.fingerprint) {
      planned.to_write.push_back(std::move(file));
    }
  }
  if (!can_be_recorded(wanted.entry)) {
    return fail(ErrorCode::unsupported, format("'{}' has names or arguments that are not UTF-8",
                                               text::sanitize(wanted.entry.id)));
  }
  planned.entry = std::move(wanted.entry);
  std::copy_if(
      planned.old_files.begin(), planned.old_files.end(), std::back_inserter(planned.superfluous),
      [&](const ExportedFile& file) { return !find_path(planned.entry.files, file.path); });
  if (old == nullptr) {
    planned.change = Change::made;
  } else if (!planned.to_write.empty() || !(*old == planned.entry)) {
    planned.change = Change::renewed;
  }
  return planned;
}

Result<void> Writer::write(const Planned& planned) {
  for (const NewFile& file : planned.to_write) {
    TRY(make_parents(file.path));
    TRY(sys::replace_file(file.path, file.contents, static_cast<mode_t>(file.mode)));
  }
  return {};
}

/// One that was there before stays known, with old and new files: a sync makes it right.
void Writer::give_up(const Planned& planned) {
  const Export& entry = planned.entry;
  if (!planned.old_files.empty()) {
    return;
  }
  ledger_.remove(entry.kind, entry.id);
  for (const ExportedFile& file : entry.files) {
    if (!ledger_.names(file.path)) {
      (void)remove_own_file(file);
    }
  }
}

/// Ahead of the files, old and new: whatever a crash leaves is known.
Result<void> Writer::announce(const std::vector<Planned>& changed) {
  const Ledger before = ledger_;
  for (const Planned& planned : changed) {
    Export announced = planned.entry;
    announced.files.insert(announced.files.end(), planned.old_files.begin(),
                           planned.old_files.end());
    std::erase(ledger_.excluded, announced.id);
    ledger_.put(std::move(announced));
  }
  ledger_.unfinished = true;
  ledger_.environment = environment_.name.string();
  auto saved = save();
  if (!saved) {
    ledger_ = before;
  }
  return saved;
}

Result<std::vector<PutResult>> Writer::put(std::vector<NewExport> exports) {
  std::vector<PutResult> results;
  std::vector<Planned> changed;
  for (NewExport& wanted : exports) {
    auto planned = plan(std::move(wanted));
    results.push_back(planned ? PutResult(planned->change) : PutResult(fail(planned.error())));
    if (planned && planned->change != Change::nothing) {
      planned->result = results.size() - 1;
      changed.push_back(*std::move(planned));
    }
  }
  if (changed.empty()) {
    return results;
  }
  TRY(announce(changed));
  std::erase_if(changed, [&](const Planned& planned) {
    auto written = write(planned);
    if (!written) {
      give_up(planned);
      results[planned.result] = fail(written.error());
    }
    return !written.has_value();
  });
  for (const Planned& planned : changed) {
    ledger_.put(planned.entry);
  }
  for (const Planned& planned : changed) {
    for (const ExportedFile& file : planned.superfluous) {
      if (ledger_.names(file.path)) {
        continue;
      }
      if (auto removed = remove_own_file(file); !removed) {
        Export remembered = *ledger_.find(planned.entry.kind, planned.entry.id);
        remembered.files.insert(remembered.files.begin(), file);
        ledger_.put(std::move(remembered));
        results[planned.result] = fail(removed.error());
      }
    }
  }
  ledger_.unfinished = false;
  TRY(save());
  return results;
}

Result<Removed> Writer::remove(std::vector<Export> exports, Again again) {
  for (const Export& entry : exports) {
    ledger_.remove(entry.kind, entry.id);
    if (again == Again::never && entry.automatic && !ledger_.excludes(entry.id)) {
      ledger_.excluded.push_back(entry.id);
    }
  }
  // On disk the ledger still has them while their files go.
  const std::set<std::string> kept = paths_of(ledger_);
  Removed removed;
  for (const Export& entry : exports) {
    Export rest = entry;
    std::erase_if(rest.files, [&](const ExportedFile& file) {
      if (kept.contains(file.path)) {
        return true;
      }
      auto gone = remove_own_file(file);
      if (gone && sys::exists(file.path)) {
        removed.changed.insert(file.path);
      } else if (!gone && !removed.failure) {
        removed.failure = gone.error();
      }
      return gone.has_value();
    });
    if (!rest.files.empty()) {
      ledger_.put(std::move(rest));  // what is still there stays known
    }
  }
  std::erase_if(removed.changed, [](const std::string& path) { return !sys::exists(path); });
  TRY(save());
  return removed;
}

Result<void> Writer::allow_all() {
  if (ledger_.excluded.empty()) {
    return {};
  }
  ledger_.excluded.clear();
  return save();
}

Result<void> Writer::expect_cache(const std::string& path) {
  if (sys::exists(path) ||
      std::find(traces_.caches.begin(), traces_.caches.end(), path) != traces_.caches.end()) {
    return {};
  }
  traces_.caches.push_back(path);
  return save_traces();
}

Result<void> Writer::finish() {
  if (!traces_.directories.empty() || !traces_.caches.empty()) {
    std::erase_if(traces_.caches, [](const std::string& path) {
      const auto contents = sys::read_file_if_exists(path);
      const bool is_empty = contents && *contents && is_empty_cache(**contents);
      return is_empty ? sys::remove_file(path).has_value() : contents && !*contents;
    });
    std::sort(traces_.directories.begin(), traces_.directories.end(),
              [](const auto& left, const auto& right) { return left.size() > right.size(); });
    std::erase_if(traces_.directories, [](const std::string& path) {
      return sys::remove_empty_directory(path).has_value();
    });
    TRY(save_traces());
  }
  if (ledger_.exports.empty() && ledger_.excluded.empty()) {
    return sys::remove_file(ledger_file(environment_));
  }
  return {};
}

}  // namespace devenv::exporting
