// SPDX-License-Identifier: MIT
// devenv image login
#pragma once

#include <functional>
#include <string>

#include "env/base/result.hpp"
#include "env/image/login_record.hpp"
#include "env/image/registry/credentials.hpp"
#include "env/image/registry/http.hpp"

namespace devenv::image::registry {

/// Shows the registry the credentials and, when it takes them, keeps them (store_credentials).
/// `name` is what parse_login_name takes. Errors: network when the registry cannot be reached or
/// does not accept them; those of parse_login_name and store_credentials.
Result<LoginRecord> log_in(const std::string& name,
                           const Credentials& credentials,
                           const Timeouts& timeouts,
                           const std::function<std::string(const char*)>& get_variable);

}  // namespace devenv::image::registry
