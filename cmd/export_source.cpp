// SPDX-License-Identifier: MIT
#include "cmd/export_source.hpp"

#include <fcntl.h>
#include <sched.h>

#include <chrono>

#include "env/base/format.hpp"
#include "env/instance/catalog.hpp"
#include "env/sandbox/user_namespace.hpp"
#include "env/session/session.hpp"
#include "env/sys/file.hpp"
#include "env/sys/namespaces.hpp"
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

namespace {

/// A FUSE file system shows itself to processes of the user namespace that mounted it only,
/// whatever its modes say (fuse(4), allow_other). The user's own ids are the same there, so what is
/// written to the host stays the user's.
Result<void> join_to_look(const instance::Environment& environment,
                          const session::Running& running) {
  const bool is_hidden = environment.state.storage == sandbox::StorageDriver::fuse_overlayfs;
  const bool is_there =
      sys::is_in_user_namespace(sys::current_pid(), running.record.user_namespace);
  if (!is_hidden || is_there) {
    return {};
  }
  TRY(sys::join_namespaces(running.process.get(), CLONE_NEWUSER));
  return sys::drop_capabilities();  // what the user may not write stays so
}

}  // namespace

Result<void> in_child(const std::function<Result<void>()>& work) {
  TRY_ASSIGN(sys::Pipe report, sys::make_pipe());
  TRY_ASSIGN(sys::Child child, sys::fork_child(0, [&] {
               report.read_end.reset();
               const auto done = work();
               if (!done) {
                 (void)sys::write_all(report.write_end.get(), sandbox::encode_error(done.error()));
               }
               return done ? 0 : 1;
             }));
  report.write_end.reset();
  TRY_ASSIGN(const std::string failure, sys::read_all(report.read_end.get()));
  TRY_ASSIGN(const sys::ExitStatus status, child.wait());
  if (!failure.empty()) {
    return fail(sandbox::decode_error(failure));
  }
  return status.success() ? Result<void>()
                          : fail(ErrorCode::failed, format("it {}", status.to_string()));
}

Result<ExportSource> open_export_source(const std::string& name, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(instance::Environment environment, instance::get_environment(*workspace, name));
  TRY_ASSIGN(session::Running running,
             session::ensure_running(*workspace, environment, context.ui()));
  TRY_CONTEXT(join_to_look(environment, running),
              format("cannot look into environment '{}'", name));
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
