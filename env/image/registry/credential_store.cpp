// SPDX-License-Identifier: MIT
#include "env/image/registry/credential_store.hpp"

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/image/registry/base64.hpp"
#include "env/image/registry/credential_helper.hpp"
#include "env/sys/file.hpp"
#include "env/sys/file_lock.hpp"

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

/// The file that a path means: a link, as people have who keep their settings elsewhere, stays one,
/// also where there is no file behind it yet.
Result<std::string> place_of(const std::string& path) {
  constexpr int kMaxLinks = 40;  // as the kernel, path_resolution(7)
  std::string place = path;
  for (int links = 0; links < kMaxLinks; ++links) {
    TRY_ASSIGN(const auto info, sys::stat_at(AT_FDCWD, place));
    if (!info || !S_ISLNK(info->st_mode)) {
      return place;
    }
    const auto target = sys::read_link(place);
    TRY(target);
    place = target->starts_with('/') ? *target : sys::parent_of(place) + "/" + *target;
    if (!sys::is_directory(sys::parent_of(place))) {
      return fail(Error(ErrorCode::not_found,
                        format("'{}' is a link to '{}', and that directory is not there",
                               text::sanitize(path), text::sanitize(place)))
                      .with_hint(format("make the directory, or remove the link: rm '{}'",
                                        text::sanitize(path))));
    }
  }
  return fail(ErrorCode::failed, format("'{}' is a link to itself", text::sanitize(path)));
}

/// What a change makes of the contents; nullopt to leave them.
using Change = std::function<Result<std::optional<std::string>>(const std::string& contents)>;

tl::unexpected<Error> damaged(const AuthFile& file, const Error& error) {
  return fail(error.context(format("'{}' is damaged", text::sanitize(file.path))));
}

/// Replaces the file while no other devenv does, so that none of two changes is lost. Whether it
/// was changed.
Result<bool> change(const AuthFile& file, const Change& change_contents) {
  TRY_ASSIGN(const std::string place, place_of(file.path));
  TRY(sys::make_directories(sys::parent_of(place), 0700));
  const std::string lock_file = place + ".lock";
  TRY_ASSIGN(const sys::FileLock lock, sys::FileLock::acquire(lock_file, sys::LockMode::exclusive));
  const auto locked = [&]() -> Result<bool> {
    TRY_ASSIGN(const std::string contents, read(file));
    const auto changed = change_contents(contents);
    if (!changed) {
      return damaged(file, changed.error());
    }
    if (*changed) {
      TRY(sys::write_file_atomic(place, **changed, 0600));
    }
    return changed->has_value();
  };
  auto result = locked();
  // Whoever waits for it notices that the file has gone (FileLock).
  (void)sys::remove_file(lock_file);
  return result;
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
    if (const auto without = without_entry(contents, name); without && !*without) {
      continue;
    }
    TRY_ASSIGN(const bool removed, change(file, [&name](const std::string& current) {
                 return without_entry(current, name);
               }));
    if (removed) {
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
  TRY(change(file, [&](const std::string& contents) -> Result<std::optional<std::string>> {
    TRY_ASSIGN(std::string changed, with_entry(contents, name, credentials));
    return std::optional(std::move(changed));
  }));
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
