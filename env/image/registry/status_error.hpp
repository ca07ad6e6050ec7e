// SPDX-License-Identifier: MIT
// What an HTTP status of a registry means for the user.
#pragma once

#include <string_view>

#include "env/base/error.hpp"
#include "env/image/registry/http.hpp"

namespace devenv::image::registry {

/// What was asked for, for the message.
enum class Subject { manifest, blob, token, push, login };

/// The error for an answer that is no success. `name` is the image (manifest), the digest (blob) or
/// the host (token); `push` is whatever is sent, for the image of that name; `login` has the
/// registry's name; `body` is the beginning of the answer, whose own words are repeated.
///
/// Codes: 404 for a manifest is not_found; everything else (401, 403, 429, 5xx, a blob that is
/// gone) is network, so that a caller with another source for an image can turn to it, but not when
/// the registry says that there is no such image.
/// Source: OCI distribution-spec, "Error Codes".
Error status_error(const HttpResponse& response,
                   std::string_view body,
                   Subject subject,
                   std::string_view name);

/// Whether asking again later may help: 408, 429 and 5xx, and whatever says that it was too often.
bool is_temporary(const HttpResponse& response, std::string_view body);

}  // namespace devenv::image::registry
