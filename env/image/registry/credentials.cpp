// SPDX-License-Identifier: MIT
#include "env/image/registry/credentials.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/image/registry/base64.hpp"
#include "env/image/registry/credential_helper.hpp"
#include "env/sys/file.hpp"
#include "env/sys/namespaces.hpp"

namespace devenv::image::registry {
namespace {

constexpr const char* kDockerHost = "docker.io";
/// What docker calls its own registry, also when it asks a helper.
constexpr const char* kDockerServer = "https://index.docker.io/v1/";

/// nullopt for an entry that says only that a helper has the password.
Result<std::optional<Credentials>> read_entry(const Json& entry, const std::string& key) {
  const auto malformed = [&key] {
    return fail(ErrorCode::integrity, format("the entry '{}' is malformed", text::sanitize(key)));
  };
  Credentials credentials{.user = "", .password = ""};
  credentials.identity_token = json::string_or(entry, "identitytoken", "");
  const std::string encoded = json::string_or(entry, "auth", "");
  if (encoded.empty()) {
    return credentials.identity_token.empty() ? std::nullopt
                                              : std::optional<Credentials>(std::move(credentials));
  }
  const auto decoded = decode_base64(encoded);
  const std::size_t colon = decoded ? decoded->find(':') : std::string::npos;
  if (colon == std::string::npos) {
    return malformed();
  }
  credentials.user = decoded->substr(0, colon);
  credentials.password = decoded->substr(colon + 1);
  // Old versions of docker fill it up with NULs.
  credentials.password.erase(credentials.password.find_last_not_of('\0') + 1);
  if (credentials.user == kTokenUser) {
    credentials.identity_token = std::exchange(credentials.password, "");
  }
  return credentials;
}

/// The entry for exactly this name that has a secret.
Result<std::optional<Credentials>> find_exact(const Json& auths, const std::string& name) {
  for (const auto& [key, entry] : auths.items()) {
    if (normalize_auth_key(key) == name && entry.is_object()) {
      TRY_ASSIGN(auto found, read_entry(entry, key));
      if (found) {
        return found;
      }
    }
  }
  return std::nullopt;
}

std::string host_of(const std::string& name) {
  return name.substr(0, name.find('/'));
}

/// What `registry` is called when a helper is asked; `key` is the file's own word for it.
std::vector<std::string> server_names(const std::string& registry, const std::string& key) {
  std::vector<std::string> names;
  for (const std::string& name :
       {key, registry == kDockerHost ? std::string(kDockerServer) : registry, registry}) {
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  }
  return names;
}

/// The helper that "credHelpers" has for the registry of `name`.
AuthEntry registry_helper(const Json& document, const std::string& name) {
  const Json* helpers = json::find(document, "credHelpers");
  const std::string registry = host_of(name);
  if (helpers != nullptr && helpers->is_object()) {
    for (const auto& [key, helper] : helpers->items()) {
      if (normalize_auth_key(key) == registry && helper.is_string()) {
        return {.credentials = std::nullopt,
                .helper = json::string_or(*helpers, key, ""),
                .servers = server_names(registry, key)};
      }
    }
  }
  return {};
}

/// The helper of all registries.
AuthEntry common_helper(const Json& document, const std::string& name) {
  return {.credentials = std::nullopt,
          .helper = json::string_or(document, "credsStore", ""),
          .servers = server_names(host_of(name), "")};
}

/// Asks under each name until there is an answer. A helper that is not there or fails is no error.
/// One that is not there, or has taken all the time that it was given, is not asked again.
std::optional<Credentials> ask(const AuthEntry& entry, std::string& problem) {
  static std::map<std::string, std::string> silent;
  if (const auto found = silent.find(entry.helper); found != silent.end()) {
    problem = found->second;
    return std::nullopt;
  }
  for (const std::string& server : entry.servers) {
    auto answer = ask_helper(entry.helper, server);
    if (!answer) {
      LOG_INFO("credential helper: {}", answer.error().to_line());
      problem = answer.error().to_line();
      if (const ErrorCode code = answer.error().code();
          code == ErrorCode::not_found || code == ErrorCode::network) {
        silent.emplace(entry.helper, problem);
      }
      return std::nullopt;
    }
    if (*answer) {
      return *std::move(answer);
    }
  }
  return std::nullopt;
}

}  // namespace

std::string normalize_auth_key(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.starts_with(scheme)) {
      key.remove_prefix(scheme.size());
    }
  }
  while (key.ends_with('/')) {
    key.remove_suffix(1);
  }
  for (const std::string_view version : {"/v1", "/v2"}) {
    if (key.ends_with(version) && key.find('/') == key.size() - version.size()) {
      key.remove_suffix(version.size());
    }
  }
  if (key == "index.docker.io" || key == "registry-1.docker.io") {
    return kDockerHost;
  }
  return std::string(key);
}

std::string Credentials::basic() const {
  return "Basic " + encode_base64(user + ":" + password);
}

Result<AuthEntry> find_entry(std::string_view file_contents,
                             AuthForm form,
                             const std::string& name) {
  TRY_ASSIGN(const Json document, json::parse(file_contents, {.max_bytes = kMaxAuthFileBytes}));
  AuthEntry entry;
  if (form == AuthForm::current) {
    entry = registry_helper(document, name);
  }
  if (!entry.helper.empty()) {
    return entry;
  }
  const Json* auths = form == AuthForm::legacy ? &document : json::find(document, "auths");
  if (auths != nullptr && auths->is_object()) {
    // Docker knows no paths: in its old file, only the registry counts.
    std::string wanted = form == AuthForm::legacy ? host_of(name) : name;
    while (true) {
      TRY_ASSIGN(entry.credentials, find_exact(*auths, wanted));
      const std::size_t slash = wanted.find_last_of('/');
      if (entry.credentials) {
        return entry;
      }
      if (slash == std::string::npos) {
        break;
      }
      wanted.erase(slash);
    }
  }
  if (form == AuthForm::current) {
    return common_helper(document, name);
  }
  return entry;
}

Result<AuthEntry> find_helper(std::string_view file_contents, const std::string& name) {
  TRY_ASSIGN(const Json document, json::parse(file_contents, {.max_bytes = kMaxAuthFileBytes}));
  AuthEntry entry = registry_helper(document, name);
  return entry.helper.empty() ? common_helper(document, name) : std::move(entry);
}

bool has_entry(std::string_view file_contents, AuthForm form, const std::string& name) {
  const auto document = json::parse(file_contents, {.max_bytes = kMaxAuthFileBytes});
  if (!document) {
    return false;
  }
  const Json* auths = form == AuthForm::legacy ? &*document : json::find(*document, "auths");
  if (auths == nullptr || !auths->is_object()) {
    return false;
  }
  const auto found = find_exact(*auths, name);
  return found && *found;
}

std::vector<AuthFile> credential_files(
    const std::function<std::string(const char*)>& get_variable) {
  if (const std::string file = get_variable("REGISTRY_AUTH_FILE"); !file.empty()) {
    return {{.path = file}};
  }
  const std::string home = get_variable("HOME");
  const auto below = [&](const char* variable, const std::string& fallback) {
    const std::string value = get_variable(variable);
    return value.empty() ? fallback : value;
  };
  const std::string runtime = get_variable("XDG_RUNTIME_DIR");
  const std::string transient = runtime.empty() ? format("/run/containers/{}", sys::effective_uid())
                                                : runtime + "/containers";
  return {{.path = transient + "/auth.json"},
          {.path = below("XDG_CONFIG_HOME", home + "/.config") + "/containers/auth.json"},
          {.path = below("DOCKER_CONFIG", home + "/.docker") + "/config.json"},
          {.path = home + "/.dockercfg", .form = AuthForm::legacy}};
}

std::string credential_name(const Reference& reference) {
  return reference.registry() + "/" + reference.repository();
}

Result<FoundCredentials> load_credentials(
    const std::string& name, const std::function<std::string(const char*)>& get_variable) {
  const bool named = !get_variable("REGISTRY_AUTH_FILE").empty();
  FoundCredentials found;
  for (const AuthFile& file : credential_files(get_variable)) {
    const auto contents = sys::read_regular_file(file.path, kMaxAuthFileBytes);
    if (!contents) {
      if (named) {
        return fail(contents.error().context("cannot read the file that REGISTRY_AUTH_FILE names"));
      }
      continue;
    }
    auto entry = find_entry(*contents, file.form, name);
    if (!entry) {
      if (named) {
        return fail(entry.error().context(format("'{}' is damaged", text::sanitize(file.path))));
      }
      LOG_WARN("'{}' is damaged: {}", text::sanitize(file.path), entry.error().to_line());
      continue;
    }
    found.credentials =
        entry->helper.empty() ? std::move(entry->credentials) : ask(*entry, found.problem);
    if (found.credentials) {
      LOG_DEBUG("credentials for {} are from '{}'", name, text::sanitize(file.path));
      return found;
    }
  }
  return found;
}

}  // namespace devenv::image::registry
