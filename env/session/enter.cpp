// SPDX-License-Identifier: MIT
// The warm path: one setns, one chdir, one exec. Nothing is looked up by name here.
#include <sched.h>

#include <cerrno>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/host/facts.hpp"
#include "env/session/enter_internal.hpp"
#include "env/session/environ.hpp"
#include "env/session/host_files.hpp"
#include "env/session/inside.hpp"
#include "env/session/nvidia_live.hpp"
#include "env/session/parent.hpp"
#include "env/session/plan.hpp"
#include "env/session/scope.hpp"
#include "env/session/session.hpp"
#include "env/session/terminal_mark.hpp"
#include "env/sys/file.hpp"
#include "env/sys/namespaces.hpp"

namespace devenv::session {
namespace {

struct WorkingDirectory {
  std::string path;
  struct stat identity {};
};

/// Where the caller stands, under the name the caller knows it by: PWD keeps a way through links,
/// as /home -> /var/home.
std::optional<WorkingDirectory> caller_directory() {
  const auto here = sys::stat_path(".");
  if (!here || !*here) {
    return std::nullopt;
  }
  const std::string logical = sys::get_variable("PWD");
  const auto named = logical.starts_with('/') ? sys::stat_path(logical)
                                              : Result<std::optional<struct stat>>(std::nullopt);
  if (named && *named && (*named)->st_ino == (*here)->st_ino &&
      (*named)->st_dev == (*here)->st_dev) {
    return WorkingDirectory{logical, **here};
  }
  auto path = sys::current_directory();
  if (!path) {
    return std::nullopt;
  }
  return WorkingDirectory{*std::move(path), **here};
}

/// The same directory inside, not merely one of the same name: "/usr" is another one there.
bool go_to(const WorkingDirectory& directory) {
  if (!sys::change_directory(directory.path)) {
    return false;
  }
  const auto here = sys::stat_path(".");
  return here && *here && (*here)->st_ino == directory.identity.st_ino &&
         (*here)->st_dev == directory.identity.st_dev;
}

/// Goes where the caller stands, else home, else to the root; says so when it is not the first.
std::string enter_directory(const std::optional<WorkingDirectory>& wanted,
                            const std::string& home,
                            Reporter& reporter) {
  if (wanted && go_to(*wanted)) {
    return wanted->path;
  }
  const std::string fallback = sys::change_directory(home) ? home : "/";
  if (fallback == "/") {
    (void)sys::change_directory("/");
  }
  if (wanted && wanted->path == fallback) {
    return fallback;  // a home of the environment's own, under the same name
  }
  reporter.warn(
      wanted ? format("'{}' is not shared with the environment; starting in '{}'",
                      text::sanitize(wanted->path), fallback)
             : format("the current directory is gone; starting in '{}'", fallback),
      wanted ? format("the host's files are below /run/host{}", text::sanitize(wanted->path)) : "");
  return fallback;
}

/// The working directory of the command: what was asked for, or else the caller's.
Result<std::string> start_directory(const EnterRequest& request,
                                    const std::optional<WorkingDirectory>& caller,
                                    const std::string& home,
                                    Reporter& reporter) {
  if (!request.directory) {
    return enter_directory(caller, home, reporter);
  }
  if (const auto changed = sys::change_directory(*request.directory); !changed) {
    return fail(changed.error()
                    .context(format("cannot start in '{}'", text::sanitize(*request.directory)))
                    .with_hint("it is asked for by --workdir or devenv.toml, and must be there "
                               "inside"));
  }
  return *request.directory;
}

/// execvp(3) with the environment's own PATH. A text file without "#!" is given to the shell, as
/// execvp does (POSIX).
Error exec_command(const std::vector<std::string>& command,
                   const std::vector<std::string>& environment) {
  const std::string& name = command.front();
  std::vector<std::string> candidates;
  if (name.empty()) {
    return Error::from_errno(ENOENT, "cannot run ''");
  }
  if (name.find('/') != std::string::npos) {
    candidates.push_back(name);
  } else {
    const std::string path = sys::variable_in(environment, "PATH");
    for (const std::string_view directory : text::split(path, ':')) {
      candidates.push_back(format("{}/{}", directory.empty() ? "." : directory, name));
    }
  }
  Error error = Error::from_errno(ENOENT, format("cannot run '{}'", text::sanitize(name)));
  for (const std::string& file : candidates) {
    Error failure = sys::exec_path(file, command, environment);
    if (failure.sys_errno() == ENOEXEC) {
      std::vector<std::string> script = {"sh", file};
      script.insert(script.end(), command.begin() + 1, command.end());
      failure = sys::exec_path("/bin/sh", script, environment);
    }
    // A file that may not be executed is told only when no later directory has a better one.
    if (failure.sys_errno() != ENOENT && failure.sys_errno() != ENOTDIR) {
      error =
          Error::from_errno(failure.sys_errno(), format("cannot run '{}'", text::sanitize(name)));
    }
    if (failure.sys_errno() == E2BIG) {
      break;
    }
  }
  return error;
}

/// A dash in front makes it a login shell, whichever it is (bash(1), "INVOCATION").
Error exec_login_shell(const std::string& shell, const std::vector<std::string>& environment) {
  return sys::exec_path(shell, {format("-{}", text::base_name(shell))}, environment);
}

/// Joins the namespaces of the running environment. A holder that was killed a moment ago gives its
/// namespaces up (ESRCH) before it counts as ended: a few milliseconds later it is started again.
Result<RunningRecord> join(const instance::Workspace& workspace,
                           const instance::Environment& environment,
                           Reporter& reporter) {
  constexpr int kTries = 100;
  constexpr std::chrono::milliseconds kPause{2};
  for (int attempt = 1;; ++attempt) {
    TRY_ASSIGN(Running running, ensure_running(workspace, environment, reporter));
    refresh_driver(environment, running);
    if (environment.spec.limits.any()) {
      if (const auto limited = join_limits(running.record); !limited) {
        reporter.warn(format("the limits of '{}' do not hold for this command: {}",
                             environment.name.string(), limited.error().to_line()),
                      "");
      }
    }
    const auto joined =
        sys::join_namespaces(running.process.get(), running.record.namespace_flags());
    if (joined) {
      return std::move(running.record);
    }
    if (joined.error().sys_errno() != ESRCH || attempt == kTries) {
      return fail(joined.error());
    }
    sys::sleep_for(kPause);
  }
}

SamePaths same_paths(const RunningRecord& record,
                     const sys::User& user,
                     const std::string& host_runtime) {
  SamePaths same;
  for (const char* directory : {"/dev", "/proc", "/sys"}) {
    same.add(directory);
  }
  // The very directory; in one of our own there are only the sockets of the table.
  if (!has_private_runtime(record.shares) && sys::is_directory(host_runtime)) {
    same.add(host_runtime);
  }
  if (record.shares.wants("home")) {
    same.add(user.home);
  }
  if (record.shares.wants("tmp")) {
    same.add("/tmp");
  } else if (record.shares.wants("display-x11")) {
    same.add("/tmp/.X11-unix");
  }
  return same;
}

/// XDG_RUNTIME_DIR inside, asked there: one that came after the start is reached below /run/host.
std::string runtime_inside(const RunningRecord& record,
                           const sys::User& user,
                           const std::string& host_runtime) {
  std::string inside = runtime_directory_inside(record.shares, host_runtime, user.uid);
  if (inside.empty() || sys::is_directory(inside)) {
    return inside;
  }
  const std::string below = kHostRootInside + host_runtime;
  return !host_runtime.empty() && sys::is_directory(below) ? below : "";
}

/// Whether tickets are kept by a server of the host, and are to be found there: as distributions
/// say it, in a file that sssd's package brings. Asked inside.
bool has_ticket_server(const host::ShareChoice& shares) {
  const auto configured =
      sys::stat_at(AT_FDCWD, kHostRootInside + std::string("/etc/krb5.conf.d/kcm_default_ccache"));
  return shares.wants("kerberos") && configured && *configured &&
         sys::exists("/run/.heim_org.h5l.kcm-socket");
}

/// The host's certificates, asked for inside; "" when they are not shared.
std::string ca_bundle(const host::ShareChoice& shares) {
  const host::Share* const share = host::find_share("ca-certificates");
  if (!shares.wants(share->name)) {
    return "";
  }
  for (const std::string_view path : text::split(share->needs, ' ')) {
    std::string inside = kHostRootInside + std::string(path);
    if (sys::exists(inside)) {
      return inside;
    }
  }
  return "";
}

}  // namespace

Result<Joined> join_environment(const instance::Workspace& workspace,
                                const instance::Environment& environment,
                                bool clean,
                                Reporter& reporter) {
  const std::string host_runtime = host::runtime_directory(workspace.user);
  TRY_ASSIGN_CONTEXT(RunningRecord record, join(workspace, environment, reporter),
                     format("cannot enter environment '{}'", environment.name.string()));
  refresh_links(record.shares, host_runtime, workspace.user);
  std::vector<std::string> variables = build_environment(
      EnvironmentInput{.host = sys::current_environment(),
                       .image = record.image_environment,
                       .environment_name = record.name,
                       .user = workspace.user.name,
                       .home = workspace.user.home,
                       .shell = record.shell,
                       .runtime_directory = runtime_inside(record, workspace.user, host_runtime),
                       .shares = record.shares,
                       .same_paths = same_paths(record, workspace.user, host_runtime),
                       .driver = record.driver.variables,
                       .ca_bundle = ca_bundle(record.shares),
                       .ticket_server = has_ticket_server(record.shares),
                       .clean = clean});
  if (record.shares.wants("locale")) {
    use_known_locales(variables);
  }
  return Joined{std::move(record), std::move(variables)};
}

Error enter(const instance::Workspace& workspace,
            const instance::Environment& environment,
            EnterRequest request,
            Reporter& reporter) {
  const auto directory = caller_directory();
  std::optional<HostFiles> files;
  if (request.host_files) {
    files.emplace(request.command);
  }
  auto joined = join_environment(workspace, environment, request.clean_environment, reporter);
  if (!joined) {
    return joined.error();
  }
  std::vector<std::string>& variables = joined->variables;
  const auto start = start_directory(request, directory, workspace.user.home, reporter);
  if (!start) {
    return start.error();
  }
  add_surroundings(environment.spec.surroundings, environment.spec.project, variables);
  variables.push_back("PWD=" + *start);
  if (request.as_root) {
    if (const auto became = sys::become(0, 0); !became) {
      return became.error();
    }
    override_variables(variables, {"HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/sh"});
  }
  override_variables(variables, request.variables);
  sys::set_umask(request.umask);
  if (files) {
    files->name_inside(request.command);
  }
  if (request.follows_parent) {
    sys::hang_up_with_parent();
  }
  if (!request.command.empty()) {
    return exec_command(request.command, variables);
  }
  const RunningRecord& record = joined->record;
  const std::string& wanted = environment.spec.surroundings.shell;
  const auto become = [&] {
    return wanted.empty() ? exec_login_shell(record.shell, variables)
                          : exec_command({wanted, "-l"}, variables);
  };
  return terminal_takes_mark() ? run_marked(record.name, workspace.user.uid, become) : become();
}

Result<sys::ExitStatus> run_command(const instance::Workspace& workspace,
                                    const instance::Environment& environment,
                                    EnterRequest request,
                                    Reporter& reporter) {
  return stay_as_parent(
      [&] { return enter(workspace, environment, std::move(request), reporter); });
}

}  // namespace devenv::session
