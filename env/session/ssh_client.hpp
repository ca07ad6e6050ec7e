// SPDX-License-Identifier: MIT
// What the user's ssh is told about environments. Pure, but for install and remove. Source:
// ssh_config(5).
#pragma once

#include <string>
#include <string_view>

#include "env/base/result.hpp"
#include "env/session/ssh_keys.hpp"

namespace devenv::session {

/// `ssh NAME.devenv`
constexpr std::string_view kSshSuffix = ".devenv";
/// The name of all environments in known_hosts: they have one key.
constexpr std::string_view kSshHostAlias = "devenv";

/// "web" of "web.devenv" and of "web".
std::string environment_of_host(std::string_view host);

/// A block for ssh_config. `program` is the path of devenv.
/// Errors: unsupported for a path with a line break, which no ssh_config can have.
Result<std::string> ssh_client_config(const SshFiles& files,
                                      const std::string& program,
                                      const std::string& user);

/// One word of ssh_config.
std::string ssh_quote(std::string_view word);

/// The line, without its end, that makes ssh read our file.
std::string ssh_include_line(const SshFiles& files);

/// With the line at the very top: below a Host it would count for that host only. A text that has
/// it stays as it is.
std::string with_include(std::string_view text, std::string_view line);
/// Without that line; all other bytes stay.
std::string without_include(std::string_view text, std::string_view line);

/// Writes our file and puts the line into `file`, which is made if need be and keeps its mode.
/// Where it is a link, the file it leads to is changed. false: it was there already.
Result<bool> install_ssh_config(const SshFiles& files,
                                const std::string& config,
                                const std::string& file);
/// Takes both away again. false: there was nothing.
Result<bool> remove_ssh_config(const SshFiles& files, const std::string& file);

}  // namespace devenv::session
