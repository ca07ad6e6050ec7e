// SPDX-License-Identifier: MIT
// Keeping and forgetting passwords, where podman, docker and skopeo find them, too.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"
#include "env/image/login_record.hpp"
#include "env/image/registry/credentials.hpp"

namespace devenv::image::registry {

/// What a login is for: "quay.io", "localhost:5000", "quay.io/team" (containers' files know
/// passwords for a part of a registry). A scheme in front and "/v1/" behind are left out.
/// Errors: usage.
Result<std::string> parse_login_name(std::string_view text);

/// Puts the credentials where they are found first: into the helper that is configured for the
/// registry; else into $REGISTRY_AUTH_FILE or the first file of containers. The file is replaced as
/// a whole, under a lock beside it, and readable by its owner only; what else is in it stays; where
/// it is a link, what it points to is written. A password in plain text that would hide the
/// helper's is removed. Errors: integrity (a file that is there is damaged), not_found (it is a
/// link into a directory that is not there); those of the helper and of writing.
Result<LoginRecord> store_credentials(const std::string& name,
                                      const Credentials& credentials,
                                      const std::function<std::string(const char*)>& get_variable);

/// Removes what is kept for exactly this name. Docker's own files are not changed.
/// Errors: not_found when nothing was removed; integrity; those of the helper and of writing.
Result<LoginRecord> remove_credentials(const std::string& name,
                                       const std::function<std::string(const char*)>& get_variable);

/// The document with, or without, an entry for the name. Pure. Errors: integrity.
Result<std::string> with_entry(std::string_view file_contents,
                               const std::string& name,
                               const Credentials& credentials);
/// nullopt when there is no entry with a secret.
Result<std::optional<std::string>> without_entry(std::string_view file_contents,
                                                 const std::string& name);

}  // namespace devenv::image::registry
