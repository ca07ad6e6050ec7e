// SPDX-License-Identifier: MIT
// User names and passwords for registries, as podman, docker and skopeo keep them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/reference.hpp"

namespace devenv::image::registry {

/// The user name that says that the password is an identity token.
inline constexpr std::string_view kTokenUser = "<token>";

struct Credentials {
  std::string user;
  std::string password;
  /// In the place of a password: what a token server gives tokens for (OAuth 2's refresh token).
  std::string identity_token = {};

  /// The value of an Authorization header: "Basic ...".
  std::string basic() const;
  bool operator==(const Credentials&) const = default;
};

/// What was found, and what might have been.
struct FoundCredentials {
  std::optional<Credentials> credentials = std::nullopt;
  /// Why a helper that is configured was of no help. Not fatal: many images need no password.
  std::string problem = {};
};

/// How a file is written: docker's config.json and containers/auth.json, or ~/.dockercfg, which is
/// only the table of entries.
enum class AuthForm { current, legacy };

/// What a file has for a registry.
struct AuthEntry {
  std::optional<Credentials> credentials = std::nullopt;
  /// docker-credential-NAME, where that is to be asked; else "".
  std::string helper = {};
  /// How the registry is called there, the likelier first.
  std::vector<std::string> servers = {};
};

/// What fits `name` ("quay.io/team/web", "quay.io") best: the registry's helper of "credHelpers";
/// else the entry of "auths" of the name itself or of the longest path above it, up to the
/// registry's host; else the helper of all registries, "credsStore". Keys may have a scheme in
/// front and "/v1/" behind them, as docker writes its own registry's.
/// Errors: integrity for a file or an entry that is malformed. Nothing of a secret is ever part of
/// a message. Source: containers-auth.json(5), "FORMAT"; docker-login(1), "Credential stores".
Result<AuthEntry> find_entry(std::string_view file_contents,
                             AuthForm form,
                             const std::string& name);

/// The helper of the registry `name` alone, whatever else the file has: that of "credHelpers", else
/// "credsStore". Errors: integrity.
Result<AuthEntry> find_helper(std::string_view file_contents, const std::string& name);

/// Whether the file has a secret for exactly this name.
bool has_entry(std::string_view file_contents, AuthForm form, const std::string& name);

/// No file of passwords is larger.
inline constexpr std::size_t kMaxAuthFileBytes = 1024U * 1024;

/// "docker.io" for "https://index.docker.io/v1/", "host" for "https://host/v2/".
std::string normalize_auth_key(std::string_view key);

struct AuthFile {
  std::string path;
  AuthForm form = AuthForm::current;
  bool operator==(const AuthFile&) const = default;
};

/// Where they may be, in the order in which they are looked at: $REGISTRY_AUTH_FILE alone when it
/// is set; else $XDG_RUNTIME_DIR/containers/auth.json (default: /run/containers/UID/auth.json),
/// $XDG_CONFIG_HOME/containers/auth.json (default: ~/.config), $DOCKER_CONFIG/config.json (default:
/// ~/.docker) and ~/.dockercfg. Source: containers-auth.json(5).
std::vector<AuthFile> credential_files(const std::function<std::string(const char*)>& get_variable);

/// The name that credentials are looked up by: "quay.io/team/web".
std::string credential_name(const Reference& reference);

/// The credentials for a name in the first of these files that has some, helpers asked. A file that
/// cannot be read has none, but for the one that $REGISTRY_AUTH_FILE names.
Result<FoundCredentials> load_credentials(
    const std::string& name, const std::function<std::string(const char*)>& get_variable);

}  // namespace devenv::image::registry
