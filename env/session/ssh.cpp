// SPDX-License-Identifier: MIT
#include "env/session/ssh.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/host/shares.hpp"
#include "env/session/enter_internal.hpp"
#include "env/sys/file.hpp"
#include "env/sys/mounts.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/process.hpp"

namespace devenv::session {
namespace {

constexpr const char* kDirectory = "/run/devenv/ssh";
constexpr const char* kHostKey = "/run/devenv/ssh/host_key";
constexpr const char* kConfig = "/run/devenv/ssh/sshd_config";
constexpr const char* kAuthorizedKeys = "/run/devenv/ssh/authorized_keys.";
constexpr mode_t kUserOnly = 0700;
constexpr mode_t kUserOnlyFile = 0600;
constexpr std::size_t kNameBytes = 8;
/// Longer than sshd waits for a client to prove who it is (LoginGraceTime: two minutes).
constexpr std::time_t kKeysLifetime = 600;  // seconds

constexpr std::array kServers = {"/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd",
                                 "/sbin/sshd", "/usr/lib/ssh/sshd"};

/// A package manager, and what it calls the server.
constexpr std::array<std::pair<const char*, const char*>, 9> kInstallers = {{
    {"/usr/bin/apt-get", "apt-get install openssh-server"},
    {"/usr/bin/dnf", "dnf install openssh-server"},
    {"/usr/bin/yum", "yum install openssh-server"},
    {"/usr/bin/zypper", "zypper install openssh-server"},
    {"/usr/bin/pacman", "pacman -S openssh"},
    {"/sbin/apk", "apk add openssh-server"},
    {"/usr/bin/xbps-install", "xbps-install -S openssh"},
    {"/usr/bin/emerge", "emerge net-misc/openssh"},
    {"/usr/sbin/slackpkg", "slackpkg install openssh"},
}};

/// Patterns (one '*' at most) of variables that sshd sets itself, or that mean another session.
constexpr std::array<std::string_view, 13> kOfTheServer = {
    "TERM",       "PWD",     "OLDPWD",         "SHLVL",          "_",    "HOME", "USER", "LOGNAME",
    "SSH_CLIENT", "SSH_TTY", "SSH_CONNECTION", "SSH_ORIGINAL_*", "SHELL"};

bool is_for_session(std::string_view variable) {
  const std::size_t equals = variable.find('=');
  if (equals == 0 || equals == std::string_view::npos) {
    return false;
  }
  const std::string_view name = variable.substr(0, equals);
  constexpr std::string_view kNameCharacters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  return name.find_first_not_of(kNameCharacters) == std::string_view::npos &&
         variable.find_first_of("\r\n") == std::string_view::npos && !variable.ends_with('\\') &&
         std::none_of(kOfTheServer.begin(), kOfTheServer.end(),
                      [&](std::string_view pattern) { return text::fits(name, pattern); });
}

Error no_server(const std::string& environment_name) {
  const Error error(ErrorCode::not_found,
                    format("there is no sshd in environment '{}'", environment_name));
  const auto* const installer =
      std::find_if(kInstallers.begin(), kInstallers.end(),
                   [](const auto& each) { return sys::is_executable(each.first); });
  return error.with_hint(
      installer == kInstallers.end()
          ? "install OpenSSH's server in it"
          : format("devenv run {} sudo {}", environment_name, installer->second));
}

Result<void> update(const std::string& path, const std::string& contents) {
  TRY_ASSIGN(const auto there, sys::read_file_if_exists(path));
  return there == contents ? Result<void>() : sys::write_file_atomic(path, contents, kUserOnlyFile);
}

/// Lists of earlier connections: the server reads its own once, at the beginning.
void remove_old_keys() {
  for (const std::string& path : host::matching_paths(format("{}*", kAuthorizedKeys))) {
    const auto info = sys::stat_at(AT_FDCWD, path);
    if (info && *info && (*info)->st_mtime + kKeysLifetime < std::time(nullptr)) {
      (void)sys::remove_file(path);
    }
  }
}

/// Writes what the server reads; gives the path of the list of keys. That is a file of each
/// connection's own: two at a time come from sessions with different variables.
Result<std::string> write_files(const Joined& joined, const SshRequest& request, HostUid user) {
  TRY(sys::make_directories(kDirectory, kUserOnly));
  TRY(update(kHostKey, request.keys.host_private));
  TRY(update(kConfig, sshd_config(user)));
  if (user == HostUid(0)) {
    // Where Debian's server, when it is root, locks its child in; /run is ours.
    TRY(sys::make_directories("/run/sshd", 0755));
  }
  remove_old_keys();
  std::string path = kAuthorizedKeys + sys::random_hex(kNameBytes);
  TRY(sys::write_file_atomic(path, authorized_keys(request.keys.client_public, joined.variables),
                             kUserOnlyFile));
  return path;
}

/// A server that is not root gives up when the group of a new terminal is not "tty", and in no map
/// of ids it can be; but not on a read-only file system (OpenSSH's sshpty.c, pty_setowner). Reading
/// and writing terminals works there as anywhere. Nobody else sees it: this mount namespace is the
/// connection's own.
Result<void> keep_terminals_as_they_are() {
  TRY(sys::leave_namespaces(CLONE_NEWNS));
  TRY_ASSIGN(const sys::UniqueFd terminals, sys::clone_mount("/dev/pts", sys::Recursion::no));
  TRY_ASSIGN(const sys::UniqueFd place, sys::open_file("/dev/pts", O_PATH | O_DIRECTORY));
  TRY(sys::attach_mount(terminals.get(), place.get()));
  return sys::make_read_only(terminals.get(), sys::Recursion::no);
}

}  // namespace

std::string sshd_config(HostUid user) {
  return format(
      "HostKey {}\n"
      "PasswordAuthentication no\n"
      "KbdInteractiveAuthentication no\n"
      "PermitRootLogin {}\n"
      "PermitUserEnvironment yes\n"
      "AcceptEnv *\n"
      "StrictModes no\n"
      "PrintMotd no\n"
      "LogLevel ERROR\n"
      "Subsystem sftp internal-sftp\n",
      kHostKey, user == HostUid(0) ? "yes" : "no");
}

std::string authorized_keys(const std::string& public_key,
                            const std::vector<std::string>& variables) {
  std::string options;
  for (const std::string& variable : variables) {
    if (!is_for_session(variable)) {
      continue;
    }
    options += options.empty() ? "environment=\"" : ",environment=\"";
    for (const char c : variable) {
      options += c == '"' ? "\\\"" : std::string(1, c);
    }
    options += '"';
  }
  return format("{} {}\n{}\n", options, public_key, public_key);
}

Error serve_ssh(const instance::Workspace& workspace,
                const instance::Environment& environment,
                const SshRequest& request,
                Reporter& reporter) {
  const auto joined = join_environment(workspace, environment, false, reporter);
  if (!joined) {
    return joined.error();
  }
  const std::string& name = joined->record.name;
  const auto* const server = std::find_if(kServers.begin(), kServers.end(), sys::is_executable);
  if (server == kServers.end()) {
    return no_server(name);
  }
  const HostUid user = workspace.user.uid;
  const auto keys = write_files(*joined, request, user);
  if (!keys) {
    return keys.error().context(format("cannot start sshd in environment '{}'", name));
  }
  if (user != HostUid(0)) {
    if (const auto kept = keep_terminals_as_they_are(); !kept) {
      LOG_WARN("no terminals in this SSH session: {}", kept.error().to_line());
    }
  }
  (void)sys::change_directory("/");
  sys::set_umask(request.umask);
  // Signals of the client's terminal are for the client; with it, the connection ends.
  sys::start_session();
  // What it says goes to standard error: the other two are the connection.
  return sys::exec_path(*server,
                        {*server, "-i", "-e", "-f", kConfig, "-o", "AuthorizedKeysFile=" + *keys},
                        {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"})
      .context(format("cannot start sshd in environment '{}'", name));
}

}  // namespace devenv::session
