// SPDX-License-Identifier: MIT
#include "env/session/ssh_keys.hpp"

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/session/ssh_client.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"
#include "env/sys/process.hpp"

namespace devenv::session {
namespace {

constexpr mode_t kUserOnly = 0700;
constexpr mode_t kUserOnlyFile = 0600;
constexpr std::size_t kKeyLimit = 65536;

Result<void> generate(const std::string& path) {
  const auto program = sys::find_program("ssh-keygen");
  if (!program) {
    return fail(Error(ErrorCode::unsupported, "the host has no ssh-keygen")
                    .with_hint("install the host's ssh client (openssh-client, openssh-clients or "
                               "openssh)"));
  }
  TRY_ASSIGN(const sys::Captured done,
             sys::run_captured(sys::Command{
                 .argv = {*program, "-q", "-t", "ed25519", "-N", "", "-C", "devenv", "-f", path}}));
  if (!done.status.success()) {
    return fail(ErrorCode::failed, format("ssh-keygen {}: {}", done.status.to_string(),
                                          text::sanitize(text::trim(done.err))));
  }
  return {};
}

/// The private key last: its presence says that the pair is complete.
Result<void> ensure_pair(const SshFiles& files, const std::string& path) {
  if (sys::exists(path) && sys::exists(path + ".pub")) {
    return {};
  }
  TRY_ASSIGN(const auto aside, sys::TemporaryDirectory::create(files.directory, "new-"));
  const std::string made = aside.path() + "/key";
  TRY(generate(made));
  TRY(sys::remove_file(path));
  TRY(sys::rename_path(made + ".pub", path + ".pub"));
  return sys::rename_path(made, path);
}

Result<std::string> read_public(const std::string& path) {
  TRY_ASSIGN(const std::string contents, sys::read_regular_file(path + ".pub", kKeyLimit));
  return std::string(text::trim(contents));
}

}  // namespace

SshFiles ssh_files(const std::string& data_directory) {
  return {.directory = data_directory + "/ssh"};
}

Result<SshKeys> ensure_ssh_keys(const SshFiles& files) {
  const auto ensure = [&]() -> Result<SshKeys> {
    TRY(sys::make_directories(files.directory, kUserOnly));
    TRY_ASSIGN(const auto lock, sys::FileLock::acquire(files.lock(), sys::LockMode::exclusive));
    TRY(ensure_pair(files, files.host_key()));
    TRY(ensure_pair(files, files.client_key()));
    SshKeys keys;
    TRY_ASSIGN(keys.host_private, sys::read_regular_file(files.host_key(), kKeyLimit));
    TRY_ASSIGN(keys.client_public, read_public(files.client_key()));
    TRY_ASSIGN(const std::string host_public, read_public(files.host_key()));
    const std::string known = format("{} {}\n", kSshHostAlias, host_public);
    TRY_ASSIGN(const auto there, sys::read_file_if_exists(files.known_hosts(), kKeyLimit));
    if (there != known) {
      TRY(sys::write_file_atomic(files.known_hosts(), known, kUserOnlyFile));
    }
    return keys;
  };
  auto keys = ensure();
  if (!keys) {
    return fail(keys.error().context("cannot make the keys of SSH sessions"));
  }
  return keys;
}

}  // namespace devenv::session
