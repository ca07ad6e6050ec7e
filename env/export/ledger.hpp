// SPDX-License-Identifier: MIT
// What an environment has put onto the host: envs/NAME/exports.json. It is the only proof that a
// file is ours; what it does not name is never overwritten and never removed.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/json.hpp"
#include "env/base/result.hpp"
#include "env/instance/environment.hpp"

namespace devenv::exporting {

enum class Kind { app, binary, service, launcher };
/// "app", "bin", "service", "launcher".
std::string_view to_string(Kind kind);

/// A file of the host.
struct ExportedFile {
  std::string path;         ///< absolute
  std::string fingerprint;  ///< of what was written; see fingerprint()

  bool operator==(const ExportedFile&) const = default;
};

/// How the user wanted it; used again by a sync.
struct ExportOptions {
  std::optional<std::string> label;      ///< after the name; nullopt: the usual one
  std::vector<std::string> arguments;    ///< of the program, before those of the caller
  std::vector<std::string> variables;    ///< "NAME=value"
  bool as_root = false;                  ///< through sudo inside
  std::optional<std::string> directory;  ///< of binaries; nullopt: ~/.local/bin
  bool autostart = false;                ///< start it with the session, too
  bool bus = false;                      ///< let the session's bus start it

  bool operator==(const ExportOptions&) const = default;
};

struct Export {
  Kind kind = Kind::app;
  std::string id;         ///< "org.gimp.GIMP.desktop", "rg", "syncthing.service", "terminal"
  std::string name = {};  ///< of an app, as people know it
  std::string source;     ///< path inside; empty for launchers
  std::vector<ExportedFile> files;  ///< while it is being changed, a path may be there twice
  ExportOptions options;
  bool automatic = false;  ///< came by itself: see instance::ExportWishes

  bool operator==(const Export&) const = default;
};

struct Ledger {
  std::string environment = {};  ///< its name when this was written: `rename` may have been killed
  std::vector<Export> exports = {};
  /// Ids of what came by itself and was taken back: it does not come again.
  std::vector<std::string> excluded;
  /// Files are being written; or their writer was killed, and has left some with temporary names.
  bool unfinished = false;

  bool excludes(std::string_view id) const;
  const Export* find(Kind kind, std::string_view id) const;
  /// Takes the place of the one with the same kind and id.
  void put(Export entry);
  void remove(Kind kind, std::string_view id);
  /// Whether a file is written down, and with this content; or with none at all, which is what a
  /// power failure leaves, because nobody waits for the disk to write an icon.
  bool owns(const ExportedFile& file) const;
  bool names(std::string_view path) const;

  Json to_json() const;
  static Result<Ledger> from_json(const Json& json);
};

/// Whether it reads back as it is: JSON is UTF-8, names of files are bytes.
bool can_be_recorded(const Export& entry);

/// Of all files in it.
std::set<std::string> paths_of(const Ledger& ledger);

std::string ledger_file(const instance::EnvironmentDirectory& environment);
/// Empty when there is none. Errors: integrity for one that cannot be read.
Result<Ledger> load_ledger(const instance::EnvironmentDirectory& environment);
Result<void> save_ledger(const instance::EnvironmentDirectory& environment, const Ledger& ledger);

/// What the exports of all environments have brought onto the host beside their files:
/// <data>/exports.json. It belongs to none of them, because the last one to go takes it along.
struct HostTraces {
  /// Directories that were made for them: gone again when they are empty.
  std::vector<std::string> directories;
  /// Caches of the desktop that there were not before: gone again when nothing is in them.
  std::vector<std::string> caches;
};
std::string traces_file(const std::string& data);
/// Empty when there are none, or when they cannot be read: nothing depends on them.
HostTraces load_traces(const std::string& data);
/// Removes the file when nothing is left.
Result<void> save_traces(const std::string& data, const HostTraces& traces);

/// Tells one content from the next ("1234:89abcdef01234567": size and FNV-1a). Against accidents,
/// not against malice: the files are the user's own.
std::string fingerprint(std::string_view contents);

}  // namespace devenv::exporting
