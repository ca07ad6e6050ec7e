// SPDX-License-Identifier: MIT
#include "env/session/ssh_client.hpp"

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"

namespace devenv::session {
namespace {

constexpr mode_t kUserOnly = 0700;
constexpr mode_t kUserOnlyFile = 0600;
constexpr mode_t kPermissions = 07777;

/// '%' begins a token (ssh_config(5), "TOKENS").
std::string escape_tokens(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    escaped.append(c == '%' ? 2 : 1, c);
  }
  return escaped;
}

/// The file itself where `path` is a link, as in a home whose dot files are in a repository.
Result<std::string> resolve(const std::string& path) {
  TRY_ASSIGN(const auto link, sys::stat_at(AT_FDCWD, path));
  if (!link) {
    return path;
  }
  TRY_ASSIGN(std::string target, sys::canonical_path(path));
  TRY_ASSIGN(const auto file, sys::stat_path(target));
  if (file && !S_ISREG(file->st_mode)) {
    return fail(ErrorCode::conflict, "it is no file");
  }
  return target;
}

Result<void> replace(const std::string& path, const std::string& contents) {
  TRY_ASSIGN(const auto old, sys::stat_path(path));
  const mode_t mode = old ? old->st_mode & kPermissions : kUserOnlyFile;
  TRY(sys::write_file_atomic(path, contents, mode & kUserOnly));
  return sys::set_mode_at(AT_FDCWD, path, mode);
}

Error with_way_out(const Error& error, const SshFiles& files, const std::string& file) {
  return error.context(format("cannot change '{}'", text::sanitize(file)))
      .with_hint(
          format("put this at its top yourself: {}", text::sanitize(ssh_include_line(files))));
}

}  // namespace

std::string environment_of_host(std::string_view host) {
  if (host.size() > kSshSuffix.size() && host.ends_with(kSshSuffix)) {
    host.remove_suffix(kSshSuffix.size());
  }
  return std::string(host);
}

std::string ssh_quote(std::string_view word) {
  std::string quoted = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
    }
    quoted += c;
  }
  return quoted + "\"";
}

Result<std::string> ssh_client_config(const SshFiles& files,
                                      const std::string& program,
                                      const std::string& user) {
  for (const std::string& path : {files.directory, program}) {
    if (path.find('\n') != std::string::npos) {
      return fail(ErrorCode::unsupported,
                  format("ssh cannot be told of the path '{}'", text::sanitize(path)));
    }
  }
  // The command is given to a shell, and to be asked of an agent there are more keys than a server
  // lets one try.
  return format(
      "# Written by devenv: ssh NAME{0} is a session in the environment NAME.\n"
      "Host *{0}\n"
      "  ProxyCommand {1} ssh-proxy '%n'\n"
      "  User {2}\n"
      "  IdentityFile {3}\n"
      "  IdentitiesOnly yes\n"
      "  PreferredAuthentications publickey\n"
      "  HostKeyAlias {4}\n"
      "  UserKnownHostsFile {5}\n"
      "  GlobalKnownHostsFile /dev/null\n"
      "  StrictHostKeyChecking yes\n"
      "  CheckHostIP no\n",
      kSshSuffix, escape_tokens(text::shell_quote(program)), ssh_quote(user),
      ssh_quote(escape_tokens(files.client_key())), kSshHostAlias,
      ssh_quote(escape_tokens(files.known_hosts())));
}

/// The path is a glob(7) pattern: a '?' stands for whatever would have a meaning in one, in quotes,
/// or as a token of newer versions.
std::string ssh_include_line(const SshFiles& files) {
  std::string path = files.config();
  for (char& c : path) {
    if (std::string_view("*?[\"\\'%$\n").find(c) != std::string_view::npos) {
      c = '?';
    }
  }
  return format("Include \"{}\"", path);
}

std::string with_include(std::string_view text, std::string_view line) {
  for (const std::string_view present : text::lines(text)) {
    if (present == line) {
      return std::string(text);
    }
  }
  return format("{}\n{}", line, text);
}

std::string without_include(std::string_view text, std::string_view line) {
  std::string kept;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::size_t size = end == std::string_view::npos ? text.size() : end + 1;
    if (text.substr(0, end) != line) {
      kept += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  return kept;
}

Result<bool> install_ssh_config(const SshFiles& files,
                                const std::string& config,
                                const std::string& file) {
  TRY_ASSIGN(const auto lock, sys::FileLock::acquire(files.lock(), sys::LockMode::exclusive));
  TRY(sys::write_file_atomic(files.config(), config, kUserOnlyFile));
  const auto change = [&]() -> Result<bool> {
    TRY(sys::make_directories(sys::parent_of(file), kUserOnly));
    TRY_ASSIGN(const std::string target, resolve(file));
    TRY_ASSIGN(const auto old, sys::read_file_if_exists(target));
    const std::string contents = with_include(old.value_or(""), ssh_include_line(files));
    if (contents == old) {
      return false;
    }
    TRY(replace(target, contents));
    return true;
  };
  auto changed = change();
  if (!changed) {
    return fail(with_way_out(changed.error(), files, file));
  }
  return changed;
}

Result<bool> remove_ssh_config(const SshFiles& files, const std::string& file) {
  TRY_ASSIGN(const std::string target, resolve(file));
  TRY_ASSIGN(const auto old, sys::read_file_if_exists(target));
  const std::string contents = without_include(old.value_or(""), ssh_include_line(files));
  const bool had_line = old && contents != *old;
  if (had_line) {
    TRY(replace(target, contents));
  }
  const bool had_file = sys::exists(files.config());
  TRY(sys::remove_file(files.config()));
  return had_line || had_file;
}

}  // namespace devenv::session
