// SPDX-License-Identifier: MIT
#include "cmd/export_source.hpp"

#include <fcntl.h>

#include <chrono>

#include "env/base/format.hpp"
#include "env/instance/catalog.hpp"
#include "env/session/session.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::cmd {
namespace {

/// This program, as it will still be found after an upgrade: by its name in PATH rather than by
/// where links of today lead.
Result<std::string> stable_program() {
  TRY_ASSIGN(std::string self, sys::read_link("/proc/self/exe"));
  if (const auto found = sys::find_program("devenv")) {
    const auto resolved = sys::canonical_path(*found);
    if (resolved && *resolved == self) {
      return *found;
    }
  }
  return self;
}

std::string user_locale() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    std::string value = sys::get_variable(name);
    if (!value.empty()) {
      return value;
    }
  }
  return "";
}

}  // namespace

Result<exporting::HostPlaces> host_places(Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  return exporting::host_places(workspace->user,
                                [](const char* name) { return sys::get_variable(name); });
}

Result<ExportSource> open_export_source(const std::string& name, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(instance::Environment environment, instance::get_environment(*workspace, name));
  TRY_ASSIGN(session::Running running,
             session::ensure_running(*workspace, environment, context.ui()));
  TRY_ASSIGN_CONTEXT(
      sys::UniqueFd root,
      sys::open_file(format("/proc/{}/root", running.record.pid), O_PATH | O_DIRECTORY),
      format("cannot look into environment '{}'", name));
  return ExportSource{std::move(environment), std::move(root), std::move(running.process),
                      running.record.session_id};
}

Result<exporting::Exporter> make_exporter(const ExportSource& source, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(exporting::HostPlaces places, host_places(context));
  TRY_ASSIGN(std::string program, stable_program());
  TRY_ASSIGN(exporting::Writer writer,
             exporting::Writer::open(workspace->paths.data, source.environment));
  // Whoever removes an environment has ended it before taking the lock.
  TRY_ASSIGN(const bool ended, sys::wait_pidfd(source.process.get(), std::chrono::milliseconds(0)));
  if (ended) {
    return fail(Error(ErrorCode::conflict, format("environment '{}' was stopped meanwhile",
                                                  source.environment.name.string()))
                    .with_hint("try again"));
  }
  return exporting::Exporter(
      {.environment = source.environment,
       .inside = exporting::inside_of(source.root.get(), source.environment, workspace->user.home),
       .places = std::move(places),
       .program = std::move(program),
       .locale = user_locale()},
      std::move(writer), context.ui());
}

}  // namespace devenv::cmd
