// SPDX-License-Identifier: MIT
// Puts programs of an environment onto the host, as files that its desktop, its shells and its
// service manager know, and takes them back.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "env/base/reporter.hpp"
#include "env/export/host_caches.hpp"
#include "env/export/host_files.hpp"
#include "env/export/planner.hpp"
#include "env/export/writer.hpp"
#include "env/instance/environment.hpp"

namespace devenv::exporting {

/// What becomes of an export that is not inside any more.
enum class Gone {
  forget,
  wait,  ///< a package manager may be putting it back at this moment
};

class Exporter {
 public:
  /// One that can only take back: what it does not look into need not run, or be in order.
  /// `data` is AppPaths::data. Errors: those of Writer::open.
  static Result<Exporter> for_removal(const std::string& data,
                                      const instance::EnvironmentDirectory& environment,
                                      HostPlaces places,
                                      Reporter& reporter);

  Exporter(PlannerInput input, Writer writer, Reporter& reporter)
      : input_(input),
        planner_(std::move(input), writer.ledger(), reporter),
        writer_(std::move(writer)),
        reporter_(reporter) {}

  const Ledger& ledger() const { return writer_.ledger(); }
  Planner& planner() { return planner_; }

  /// Gives what became of each, in their order. Errors: when writing fails.
  Result<std::vector<PutResult>> put(std::vector<NewExport> exports);
  /// Errors: conflict.
  Result<Change> put_one(NewExport wanted);

  /// In the ledger: an app by id, path or name, the others by id or path. Errors: not_found; usage
  /// when several have the name.
  Result<Export> find(Kind kind, const std::string& query) const;
  /// What came by itself does not come again.
  Result<void> remove(const std::vector<Export>& exports);
  Result<void> remove_all();
  /// What was taken back may come by itself again.
  Result<void> allow_all() { return writer_.allow_all(); }

  /// Everything in the ledger is made anew from what is inside now. What is gone there goes, or is
  /// only waited for, with nothing on the host, if somebody has exported it by name. What
  /// `wishes` names comes when it is there; with `automatic`, so does every app with an entry in
  /// menus that was not taken back by name. Gives the number of exports that changed.
  Result<std::size_t> renew(const instance::ExportWishes& wishes, Gone gone);

  /// To be called at the end: caches of the desktop, directories.
  Result<void> finish();

 private:
  Result<void> take_back(const std::vector<Export>& exports, Again again);
  Result<void> stop_services(const std::vector<Export>& exports);
  void note_changes(const std::vector<ExportedFile>& files);
  bool is_inside(const Export& entry);
  Result<NewExport> plan_again(const Export& entry);
  void add_wishes(const instance::ExportWishes& wishes, std::vector<NewExport>& planned);

  PlannerInput input_;
  Planner planner_;
  Writer writer_;
  Reporter& reporter_;
  ChangedFiles changed_;
  bool units_changed_ = false;
};

/// Stops the exported services of an environment, so that none starts it again while it is being
/// ended. They stay exported. Waits no longer than `limit`.
void stop_services(const instance::EnvironmentDirectory& environment,
                   const HostPlaces& places,
                   std::chrono::milliseconds limit);

/// Takes everything back that an environment has exported, also a damaged one that does not run.
/// What was changed by hand is left, and said. `data` is AppPaths::data.
Result<void> remove_exports(const std::string& data,
                            const instance::EnvironmentDirectory& environment,
                            const HostPlaces& places,
                            Reporter& reporter);

}  // namespace devenv::exporting
