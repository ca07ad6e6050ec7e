// SPDX-License-Identifier: MIT
#include "env/image/registry/credentials.hpp"

#include <array>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"

namespace devenv::image::registry {
namespace {

constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kMaxFileBytes = 1024U * 1024;
constexpr const char* kDockerHost = "docker.io";

/// "https://index.docker.io/v1/" is "docker.io", "https://host/v2/" is "host".
std::string normalize_key(std::string_view key) {
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

/// nullopt for an entry that says only that a helper has the password.
Result<std::optional<Credentials>> read_entry(const Json& entry, const std::string& key) {
  const std::string encoded = json::string_or(entry, "auth", "");
  if (encoded.empty()) {
    return std::nullopt;
  }
  const auto decoded = decode_base64(encoded);
  const std::size_t colon = decoded ? decoded->find(':') : std::string::npos;
  if (colon == std::string::npos) {
    return fail(ErrorCode::integrity, format("the entry '{}' is malformed", text::sanitize(key)));
  }
  // Old versions of docker fill it up with NULs.
  std::string password = decoded->substr(colon + 1);
  password.erase(password.find_last_not_of('\0') + 1);
  return Credentials{.user = decoded->substr(0, colon), .password = std::move(password)};
}

}  // namespace

std::string encode_base64(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view group = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8U | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= group.size() ? kBase64Digits[bits >> (18U - 6 * k) & 63U] : '=';
    }
  }
  return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
  while (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  std::string bytes;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char digit : text) {
    const std::size_t value = kBase64Digits.find(digit);
    if (value == std::string_view::npos) {
      return std::nullopt;
    }
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xffU);
    }
  }
  return count == 6 ? std::nullopt : std::optional<std::string>(std::move(bytes));
}

std::string Credentials::basic() const {
  return "Basic " + encode_base64(user + ":" + password);
}

Result<std::optional<Credentials>> find_credentials(std::string_view file_contents,
                                                    const Reference& reference) {
  TRY_ASSIGN(const Json document, json::parse(file_contents, {.max_bytes = kMaxFileBytes}));
  const Json* auths = json::find(document, "auths");
  if (auths == nullptr || !auths->is_object()) {
    return std::nullopt;
  }
  std::string wanted = reference.registry() + "/" + reference.repository();
  while (true) {
    for (const auto& [key, entry] : auths->items()) {
      if (normalize_key(key) == wanted && entry.is_object()) {
        TRY_ASSIGN(auto found, read_entry(entry, key));
        if (found) {
          return found;
        }
      }
    }
    const std::size_t slash = wanted.find_last_of('/');
    if (slash == std::string::npos) {
      return std::nullopt;
    }
    wanted.erase(slash);
  }
}

std::vector<std::string> credential_files(
    const std::function<std::string(const char*)>& get_variable) {
  if (const std::string file = get_variable("REGISTRY_AUTH_FILE"); !file.empty()) {
    return {file};
  }
  const std::string home = get_variable("HOME");
  const auto below = [&](const char* variable, const std::string& fallback) {
    const std::string value = get_variable(variable);
    return value.empty() ? fallback : value;
  };
  std::vector<std::string> files;
  if (const std::string runtime = get_variable("XDG_RUNTIME_DIR"); !runtime.empty()) {
    files.push_back(runtime + "/containers/auth.json");
  }
  files.push_back(below("XDG_CONFIG_HOME", home + "/.config") + "/containers/auth.json");
  files.push_back(below("DOCKER_CONFIG", home + "/.docker") + "/config.json");
  return files;
}

Result<std::optional<Credentials>> load_credentials(
    const Reference& reference, const std::function<std::string(const char*)>& get_variable) {
  const bool named = !get_variable("REGISTRY_AUTH_FILE").empty();
  for (const std::string& file : credential_files(get_variable)) {
    const auto contents = sys::read_regular_file(file, kMaxFileBytes);
    if (!contents) {
      if (named) {
        return fail(contents.error().context("cannot read the file that REGISTRY_AUTH_FILE names"));
      }
      continue;
    }
    auto found = find_credentials(*contents, reference);
    if (!found) {
      if (named) {
        return fail(found.error().context(format("'{}' is damaged", text::sanitize(file))));
      }
      LOG_WARN("no credentials from '{}': {}", file, found.error().to_line());
      continue;
    }
    if (*found) {
      LOG_DEBUG("credentials for {} from '{}'", reference.registry(), file);
      return found;
    }
  }
  return std::nullopt;
}

}  // namespace devenv::image::registry
