// SPDX-License-Identifier: MIT
#include "env/image/registry/login.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/image/registry/connector.hpp"
#include "env/image/registry/credential_store.hpp"

namespace devenv::image::registry {
namespace {

Result<void> check(const Credentials& credentials) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
  const std::string& user = credentials.user;
  // What is sent is "user:password", RFC 7617.
  if (user.empty() || user.find(':') != std::string::npos ||
      std::any_of(user.begin(), user.end(), is_control)) {
    return fail(ErrorCode::usage, "a user name is not empty and has no ':' in it");
  }
  if (credentials.password.empty()) {
    return fail(ErrorCode::usage, "the password is empty");
  }
  const std::string& password = credentials.password;
  if (std::any_of(password.begin(), password.end(), is_control)) {
    return fail(ErrorCode::usage, "the password is more than one line of text");
  }
  return {};
}

}  // namespace

Result<LoginRecord> log_in(const std::string& name,
                           const Credentials& credentials,
                           const Timeouts& timeouts,
                           const std::function<std::string(const char*)>& get_variable) {
  TRY_ASSIGN(const std::string registry, parse_login_name(name));
  const auto log_in_checked = [&]() -> Result<LoginRecord> {
    TRY(check(credentials));
    TRY_ASSIGN(const Connector connector, Connector::load(get_variable, timeouts));
    TRY_ASSIGN(RegistryClient client,
               connector.login_client(registry.substr(0, registry.find('/')), credentials));
    TRY(client.check_login());
    return store_credentials(registry, credentials, get_variable);
  };
  auto record = log_in_checked();
  if (!record) {
    return fail(record.error().context(format("cannot log in to '{}'", registry)));
  }
  return record;
}

}  // namespace devenv::image::registry
