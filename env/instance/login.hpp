// SPDX-License-Identifier: MIT
// Passwords of registries, by running devenv-image: it alone talks to registries and to helpers.
#pragma once

#include <string>

#include "env/base/reporter.hpp"
#include "env/base/result.hpp"
#include "env/image/login_record.hpp"
#include "env/instance/workspace.hpp"

namespace devenv::instance {

/// Shows the registry the password and keeps it. Errors: usage; network when the registry cannot be
/// reached or does not accept it; those of keeping it.
Result<image::LoginRecord> log_in(const Workspace& workspace,
                                  const std::string& registry,
                                  const std::string& user,
                                  const std::string& password,
                                  Reporter& reporter);

/// Forgets the password. Errors: usage; not_found when there is none; those of changing what has
/// it.
Result<image::LoginRecord> log_out(const Workspace& workspace,
                                   const std::string& registry,
                                   Reporter& reporter);

}  // namespace devenv::instance
