// SPDX-License-Identifier: MIT
// docker-credential-NAME: programs that keep passwords in a keyring, or make short-lived ones.
// Source: docker/docker-credential-helpers, README, "Development".
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "env/base/result.hpp"
#include "env/image/registry/credentials.hpp"

namespace devenv::image::registry {

/// A helper may ask the user, through a window. After that it is killed, with what it has started.
inline constexpr std::chrono::seconds kHelperTimeout{60};

/// What `docker-credential-NAME get` has for `server` ("quay.io"); nullopt when it has nothing.
/// Errors: not_found when there is no such program; integrity for an answer that is none; failed,
/// with what the program says. No secret is ever part of a message.
Result<std::optional<Credentials>> ask_helper(const std::string& name,
                                              const std::string& server,
                                              std::chrono::milliseconds timeout = kHelperTimeout);

/// `store`: from now on the helper has them. Errors: as above.
Result<void> store_in_helper(const std::string& name,
                             const std::string& server,
                             const Credentials& credentials);

/// `erase`. False when the helper had nothing. Errors: as above.
Result<bool> erase_in_helper(const std::string& name, const std::string& server);

/// The answer to `get`. nullopt for one without a name and a secret. Errors: integrity.
Result<std::optional<Credentials>> parse_helper_answer(std::string_view answer);

}  // namespace devenv::image::registry
