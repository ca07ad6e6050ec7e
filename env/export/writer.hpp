// SPDX-License-Identifier: MIT
// Puts the files of exports onto the host and takes them back, with the ledger always ahead: a
// crash leaves files that are written down, never a file that nobody knows.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "env/base/result.hpp"
#include "env/export/ledger.hpp"
#include "env/sys/file_lock.hpp"

namespace devenv::exporting {

struct NewFile {
  std::string path;  ///< absolute
  std::string contents;
  unsigned mode = 0644;
};

/// An export and the files it is to consist of.
struct NewExport {
  Export entry;  ///< its `files` are filled in
  std::vector<NewFile> files;
};

enum class Change { made, renewed, nothing };

/// What putting one export came to. Errors: conflict for a file that obstacle() names; unsupported
/// for names that are not UTF-8; what kept files from being written.
using PutResult = Result<Change>;

/// Whether what came by itself (Export::automatic) may do so again.
enum class Again { never, allowed };

struct Removed {
  std::set<std::string> changed;  ///< left, because somebody has changed them since
  std::optional<Error> failure;   ///< the first of files that could not be removed
};

/// Holds the lock of all exports as long as it lives.
class Writer {
 public:
  /// `data` is AppPaths::data. Waits for another one. Errors: those of load_ledger.
  static Result<Writer> open(const std::string& data,
                             const instance::EnvironmentDirectory& environment);

  const Ledger& ledger() const { return ledger_; }

  /// Nothing, or why `path` must not be written: there is something that is not ours, or that was
  /// changed since.
  std::optional<std::string> obstacle(const std::string& path) const;

  /// Makes each export consist of its files: writes what is new or different, removes what it had
  /// before and has no more. One that cannot be put changes nothing and keeps none of the others.
  /// Gives what became of each, in their order; a new one that fails leaves nothing. Errors: when
  /// the ledger cannot be written.
  Result<std::vector<PutResult>> put(std::vector<NewExport> exports);

  /// Takes exports of the ledger back. What cannot be removed stays in it. Errors: when the ledger
  /// cannot be written.
  Result<Removed> remove(std::vector<Export> exports, Again again);

  /// Nothing is excluded any more.
  Result<void> allow_all();

  /// That a cache at `path` is made for us, if it is not there yet.
  Result<void> expect_cache(const std::string& path);

  /// To be called at the end: removes directories and caches that are of use to nobody any more,
  /// and the ledger when nothing is left.
  Result<void> finish();

 private:
  struct Planned;

  Writer(std::string data,
         instance::EnvironmentDirectory environment,
         sys::FileLock lock,
         Ledger ledger,
         HostTraces traces)
      : data_(std::move(data)),
        environment_(std::move(environment)),
        lock_(std::move(lock)),
        ledger_(std::move(ledger)),
        traces_(std::move(traces)) {}

  Result<Planned> plan(NewExport wanted) const;
  Result<void> write(const Planned& planned);
  Result<void> announce(const std::vector<Planned>& changed);
  void give_up(const Planned& planned);
  Result<void> make_parents(const std::string& path);
  Result<void> save() const { return save_ledger(environment_, ledger_); }
  Result<void> save_traces() const { return exporting::save_traces(data_, traces_); }

  std::string data_;
  instance::EnvironmentDirectory environment_;
  sys::FileLock lock_;
  Ledger ledger_;
  HostTraces traces_;
};

}  // namespace devenv::exporting
