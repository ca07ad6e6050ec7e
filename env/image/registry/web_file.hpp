// SPDX-License-Identifier: MIT
// A file on a web server: an archive, or the checksums beside it. Registries are
// registry_client.hpp's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "env/base/result.hpp"
#include "env/image/registry/http.hpp"
#include "env/image/registry/url.hpp"

namespace devenv::image::registry {

/// A URL as messages show it: what is behind '?' may be a secret.
std::string shown_url(const Url& url);

/// What is there of a file that is being downloaded, and where the rest goes.
struct WebTarget {
  std::uint64_t have = 0;  ///< bytes that are there
  /// What the server called the version they are of; "" for not known: then nothing is resumed.
  std::string version;
  /// All bytes are to be forgotten: what comes is the beginning of that version.
  std::function<Result<void>(const std::string& version)> restart;
  std::function<Result<void>(std::string_view bytes)> append;
  /// `total` is 0 when the server does not say.
  std::function<void(std::uint64_t have, std::uint64_t total)> progress;
};

/// Downloads the rest of the file. A connection that breaks is made again; redirects are followed,
/// but never from https to http. `max_bytes` is for the whole file.
///
/// Plain http is spoken with any server: whoever calls this knows by what the bytes are checked.
/// Errors: network (cannot be reached, broke off, the server's refusals), not_found (404, 410),
/// integrity (too large, another part than was asked for), those of `target`.
/// Source: RFC 9110, 13.1.5 "If-Range", 14 "Range Requests".
Result<void> download_web_file(const Url& url,
                               const Timeouts& timeouts,
                               std::uint64_t max_bytes,
                               WebTarget& target);

/// A small file in memory. nullopt when there is none (404, 410, 403: object stores say that).
Result<std::optional<std::string>> read_web_file(const Url& url,
                                                 const Timeouts& timeouts,
                                                 std::size_t max_bytes);

}  // namespace devenv::image::registry
