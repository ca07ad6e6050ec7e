// SPDX-License-Identifier: MIT
#include "env/image/registry/credential_store.hpp"

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/image/registry/base64.hpp"
#include "env/image/registry/credential_helper.hpp"
#include "env/sys/file.hpp"

namespace devenv::image::registry {
namespace {

using GetVariable = std::function<std::string(const char*)>;

/// "" when there is no such file.
Result<std::string> read(const AuthFile& file) {
  TRY_ASSIGN(const auto info, sys::stat_path(file.path));
  if (!info) {
    return std::string();
  }
  return sys::read_regular_file(file.path, kMaxAuthFileBytes);
}

Result<void> write(const std::string& path, std::string_view contents) {
  // A link, as people have who keep their settings elsewhere, stays one.
  const auto target = sys::canonical_path(path);
  TRY(sys::make_directories(sys::parent_of(path), 0700));
  return sys::write_file_atomic(target ? *target : path, contents, 0600);
}

tl::unexpected<Error> damaged(const AuthFile& file, const Error& error) {
  return fail(error.context(format("'{}' is damaged", text::sanitize(file.path))));
}

bool is_ours_to_change(const AuthFile& file, const GetVariable& get_variable) {
  return !get_variable("REGISTRY_AUTH_FILE").empty() ||
         text::base_name(file.path) == std::string_view("auth.json");
}

/// Removes the keys that mean `name`; whether one of them had a secret.
bool remove_keys(Json& document, const std::string& name) {
  const auto auths = document.find("auths");
  if (auths == document.end() || !auths->is_object()) {
    return false;
  }
  bool had_secret = false;
  for (auto entry = auths->begin(); entry != auths->end();) {
    if (normalize_auth_key(entry.key()) != name) {
      ++entry;
      continue;
    }
    had_secret = had_secret || !json::string_or(*entry, "auth", "").empty() ||
                 !json::string_or(*entry, "identitytoken", "").empty();
    entry = auths->erase(entry);
  }
  return had_secret;
}

Result<Json> parse_file(std::string_view contents) {
  TRY_ASSIGN(Json document,
             json::parse(contents.empty() ? "{}" : contents, {.max_bytes = kMaxAuthFileBytes}));
  if (!document.is_object()) {
    return fail(ErrorCode::integrity, "it is no JSON object");
  }
  return document;
}

/// The helpers that the files have for a registry. None for a part of one: they know whole
/// registries.
Result<std::vector<AuthEntry>> helpers_for(const std::string& name,
                                           const GetVariable& get_variable) {
  std::vector<AuthEntry> helpers;
  if (name.find('/') != std::string::npos) {
    return helpers;
  }
  for (const AuthFile& file : credential_files(get_variable)) {
    TRY_ASSIGN(const std::string contents, read(file));
    if (contents.empty() || file.form == AuthForm::legacy) {
      continue;
    }
    auto helper = find_helper(contents, name);
    if (!helper) {
      return damaged(file, helper.error());
    }
    if (!helper->helper.empty()) {
      helpers.push_back(*std::move(helper));
    }
  }
  return helpers;
}

/// The files that we may change, without the entry. Those that had one.
Result<std::vector<std::string>> remove_entries(const std::string& name,
                                                const GetVariable& get_variable) {
  std::vector<std::string> changed;
  for (const AuthFile& file : credential_files(get_variable)) {
    TRY_ASSIGN(const std::string contents, read(file));
    if (contents.empty() || !is_ours_to_change(file, get_variable)) {
      continue;
    }
    const auto without = without_entry(contents, name);
    if (!without) {
      return damaged(file, without.error());
    }
    if (*without) {
      TRY(write(file.path, **without));
      changed.push_back(file.path);
    }
  }
  return changed;
}

/// The file that is written: the first that is read, unless there is no place for it.
AuthFile file_to_write(const GetVariable& get_variable) {
  const std::vector<AuthFile> files = credential_files(get_variable);
  const bool has_place = !get_variable("REGISTRY_AUTH_FILE").empty() ||
                         !get_variable("XDG_RUNTIME_DIR").empty() ||
                         sys::is_writable(sys::parent_of(files[0].path));
  return files[has_place ? 0 : 1];
}

}  // namespace

Result<std::string> parse_login_name(std::string_view text) {
  const std::string name = normalize_auth_key(text::trim(text));
  const std::size_t slash = name.find('/');
  const std::string host = name.substr(0, slash);
  const auto invalid = [&text](const char* reason) {
    return fail(Error(ErrorCode::usage, format("'{}' is not the name of a registry: {}",
                                               text::sanitize(text), reason))
                    .with_hint("write it like quay.io, localhost:5000 or quay.io/team"));
  };
  const auto reference = Reference::parse(host + "/x");
  if (!reference || reference->registry() != host) {
    return invalid("it is not a host name with a dot or a port");
  }
  if (slash == std::string::npos) {
    return host;
  }
  const std::string rest = name.substr(slash + 1);
  if (rest.find_first_of(":@") != std::string::npos || !Reference::parse(name)) {
    return invalid("what follows the host is no path");
  }
  return name;
}

Result<std::string> with_entry(std::string_view file_contents,
                               const std::string& name,
                               const Credentials& credentials) {
  TRY_ASSIGN(Json document, parse_file(file_contents));
  remove_keys(document, name);
  Json& auths = document["auths"];
  if (!auths.is_object()) {
    auths = Json::object();
  }
  auths[name] = {{"auth", encode_base64(credentials.user + ":" + credentials.password)}};
  return json::dump(document) + "\n";
}

Result<std::optional<std::string>> without_entry(std::string_view file_contents,
                                                 const std::string& name) {
  TRY_ASSIGN(Json document, parse_file(file_contents));
  if (!remove_keys(document, name)) {
    return std::nullopt;
  }
  return std::optional(json::dump(document) + "\n");
}

Result<LoginRecord> store_credentials(const std::string& name,
                                      const Credentials& credentials,
                                      const GetVariable& get_variable) {
  TRY_ASSIGN(const std::vector<AuthEntry> helpers, helpers_for(name, get_variable));
  if (!helpers.empty()) {
    const AuthEntry& first = helpers.front();
    TRY(store_in_helper(first.helper, first.servers.front(), credentials));
    TRY(remove_entries(name, get_variable));
    return LoginRecord{
        .registry = name, .places = {"docker-credential-" + first.helper}, .left = {}};
  }
  const AuthFile file = file_to_write(get_variable);
  TRY_ASSIGN(const std::string contents, read(file));
  const auto changed = with_entry(contents, name, credentials);
  if (!changed) {
    return damaged(file, changed.error());
  }
  TRY(write(file.path, *changed));
  return LoginRecord{.registry = name, .places = {file.path}, .left = {}};
}

Result<LoginRecord> remove_credentials(const std::string& name, const GetVariable& get_variable) {
  LoginRecord record{.registry = name, .places = {}, .left = {}};
  TRY_ASSIGN(const std::vector<AuthEntry> helpers, helpers_for(name, get_variable));
  std::optional<Error> problem;
  for (const AuthEntry& entry : helpers) {
    for (const std::string& server : entry.servers) {
      const auto erased = erase_in_helper(entry.helper, server);
      if (!erased) {
        problem = erased.error();
      } else if (*erased) {
        record.places.push_back("docker-credential-" + entry.helper);
      }
    }
  }
  TRY_ASSIGN(const std::vector<std::string> changed, remove_entries(name, get_variable));
  record.places.insert(record.places.end(), changed.begin(), changed.end());
  for (const AuthFile& file : credential_files(get_variable)) {
    const auto contents = read(file);
    if (contents && has_entry(*contents, file.form, name)) {
      record.left.push_back(file.path);
    }
  }
  if (!record.places.empty()) {
    return record;
  }
  if (problem) {
    return fail(*problem);
  }
  if (!record.left.empty()) {
    return fail(Error(ErrorCode::not_found, format("the password for '{}' is in '{}', which is "
                                                   "docker's",
                                                   name, text::sanitize(record.left[0])))
                    .with_hint(format("docker logout {}", name)));
  }
  return fail(ErrorCode::not_found, format("there is no password for '{}'", name));
}

}  // namespace devenv::image::registry
