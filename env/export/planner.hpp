// SPDX-License-Identifier: MIT
// From what is inside an environment to the files of an export. Reads both sides, writes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "env/base/reporter.hpp"
#include "env/export/desktop_entry.hpp"
#include "env/export/find_apps.hpp"
#include "env/export/find_units.hpp"
#include "env/export/host_files.hpp"
#include "env/export/icon_index.hpp"
#include "env/export/mime.hpp"
#include "env/export/rewrite.hpp"
#include "env/export/writer.hpp"

namespace devenv::exporting {

/// The environment as it is while something is exported: running.
struct Inside {
  int root = -1;                              ///< a descriptor of its root directory; the caller's
  std::vector<std::string> data_directories;  ///< XDG_DATA_DIRS, and those of a home of its own
  std::vector<std::string> program_directories;  ///< PATH
  std::string home;                              ///< the user's, on both sides
  bool home_shared = true;                       ///< it is the host's
  bool runtime_shared = true;                    ///< so is XDG_RUNTIME_DIR
};

/// Where to look: from the variables of the image and the home that it has of its own, if any.
Inside inside_of(int root, const instance::Environment& environment, const std::string& home);

struct PlannerInput {
  instance::EnvironmentDirectory environment;
  Inside inside;
  HostPlaces places;
  std::string program;  ///< absolute path of devenv on the host
  std::string locale;   ///< of the user: which names of programs are shown
};

class Planner {
 public:
  Planner(PlannerInput input, const Ledger& ledger, Reporter& reporter);

  /// All that could be exported, whatever is already.
  const FoundApps& apps();
  /// Ids of services and timers that could be enabled (they have [Install]), sorted.
  std::vector<std::string> services() const;
  /// nullopt when there is none of the name (with or without ".service") or path.
  std::optional<FoundUnit> find_service(const std::string& query) const;
  /// `query` is a path inside or a name that is looked for in PATH there.
  std::optional<std::string> find_binary(const std::string& query) const;

  /// Errors: not_found; conflict; failed for what cannot be read.
  Result<NewExport> app(const App& app, const ExportOptions& options, const Ledger& ledger);
  Result<NewExport> binary(const std::string& query, const ExportOptions& options) const;
  /// A timer brings the service that it starts, unless that one is exported for itself.
  Result<NewExport> service(const std::string& query,
                            const ExportOptions& options,
                            const Ledger& ledger) const;
  /// An entry in menus that opens a terminal in the environment.
  Result<NewExport> launcher(const ExportOptions& options);

 private:
  const std::string& name() const { return input_.environment.name.string(); }
  /// "devenv-fedora-": in front of what cannot keep its name on the host.
  std::string prefix() const;
  std::string exported_id(const std::string& id, const Ledger& ledger);
  std::optional<std::string> read(const std::string& path) const;
  Result<NewFile> unit_file(const FoundUnit& unit,
                            const ExportOptions& options,
                            const Ledger& ledger) const;
  void add_icons(const DesktopEntry& entry,
                 const std::string& id,
                 RewriteInput& rewrite,
                 std::vector<NewFile>& files);
  void add_types(const DesktopEntry& entry, const std::string& id, std::vector<NewFile>& files);
  void add_metainfo(const std::string& id, std::vector<NewFile>& files) const;
  Result<void> add_bus_service(const std::string& id, std::vector<NewFile>& files) const;
  Result<void> add_autostart(const std::string& id,
                             const DesktopEntry& entry,
                             const RewriteInput& rewrite,
                             std::vector<NewFile>& files) const;

  PlannerInput input_;
  Reporter& reporter_;
  std::set<std::string> ours_;
  HostFiles host_;
  IconIndex icons_;
  MimePackages types_;
  std::optional<HostTypes> host_types_;
  std::optional<FoundApps> apps_;
};

}  // namespace devenv::exporting
