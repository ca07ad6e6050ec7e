// SPDX-License-Identifier: MIT
#include "env/image/fetch/checksums.hpp"

#include <algorithm>

#include <array>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/fetch/open_archive.hpp"
#include "env/image/registry/url.hpp"
#include "env/image/registry/web_file.hpp"
#include "env/sys/file.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::size_t kMaxListBytes = 4U * 1024 * 1024;
constexpr std::size_t kHexLength = 64;
/// What is put behind the name of a list to name its signature: Ubuntu, Debian, Arch and others.
constexpr std::array<std::string_view, 4> kSignatureEndings = {".gpg", ".asc", ".sign", ".sig"};

struct Line {
  std::string_view hex;
  std::string_view name;
};

/// nullopt for a line that is no checksum.
std::optional<Line> parse_line(std::string_view line) {
  constexpr std::string_view kBsd = "SHA256 (";
  if (line.starts_with(kBsd)) {
    const std::size_t end = line.rfind(") = ");
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    return Line{text::trim(line.substr(end + 4)), line.substr(kBsd.size(), end - kBsd.size())};
  }
  if (line.size() < kHexLength + 3 || line[kHexLength] != ' ' ||
      (line[kHexLength + 1] != ' ' && line[kHexLength + 1] != '*')) {
    return std::nullopt;
  }
  return Line{line.substr(0, kHexLength), line.substr(kHexLength + 2)};
}

/// A file of this machine or of a server; nullopt when there is none.
Result<std::optional<std::string>> read_small(const Context& context, const std::string& location) {
  if (!is_web_address(location)) {
    if (!sys::exists(location)) {
      return std::optional<std::string>();
    }
    TRY_ASSIGN(std::string text, sys::read_regular_file(location, kMaxListBytes));
    return std::optional<std::string>(std::move(text));
  }
  TRY_ASSIGN(const registry::Url url, registry::Url::parse(location));
  return registry::read_web_file(url, context.timeouts, kMaxListBytes);
}

/// The signature that is beside a list.
Result<std::string> read_signature(const Context& context, const std::string& list) {
  for (const std::string_view ending : kSignatureEndings) {
    TRY_ASSIGN(auto signature, read_small(context, list + std::string(ending)));
    if (signature) {
      return *std::move(signature);
    }
  }
  return fail(Error(ErrorCode::not_found,
                    format("there is no signature of '{}' beside it", text::sanitize(list)))
                  .with_hint("looked for are .gpg, .asc, .sign and .sig behind its name"));
}

Result<std::string> read_list(const Context& context, const ArchiveRequest& request) {
  const std::string& location = request.checksums;
  const bool has_keyring = !request.keyring.empty();
  if (!has_keyring && text::to_lower(location.substr(0, 7)) == "http://") {
    return fail(Error(ErrorCode::usage, "a list of checksums that comes over http can be anybody's")
                    .with_hint("use https, or check its signature: --keyring FILE"));
  }
  TRY_ASSIGN(auto list, read_small(context, location));
  if (!list) {
    return fail(ErrorCode::not_found, format("there is no '{}'", shown_location(location)));
  }
  if (!has_keyring) {
    return *std::move(list);
  }
  std::optional<std::string> detached;
  if (!is_clearsigned(*list)) {
    TRY_ASSIGN(detached, read_signature(context, location));
  }
  TRY_ASSIGN_CONTEXT(std::string text, signed_text(context, *list, detached, request.keyring),
                     format("cannot check the signature of '{}'", shown_location(location)));
  return text;
}

}  // namespace

std::string archive_name(std::string_view location) {
  while (location.ends_with('/')) {
    location.remove_suffix(1);
  }
  if (!is_web_address(location)) {
    return std::string(text::base_name(location));
  }
  location = location.substr(0, location.find_first_of("?#"));
  return text::percent_decode(text::base_name(location));
}

std::string shown_location(const std::string& location) {
  if (location == kStandardInputWord) {
    return "standard input";
  }
  if (!is_web_address(location)) {
    return text::sanitize(location);
  }
  const std::string shown = location.substr(0, location.find_first_of("?#"));
  const std::size_t host = shown.find("://") + 3;
  const bool may_have_password =
      shown.find('@', host) != std::string::npos &&
      shown.find(':', host) < std::min(shown.find('@', host), shown.find('/', host));
  return text::sanitize(may_have_password ? shown.substr(0, host) + "..." : shown);
}

Result<Digest> find_checksum(std::string_view list, std::string_view name) {
  std::optional<Digest> found;
  for (std::string_view each : text::lines(list)) {
    while (each.ends_with('\r')) {
      each.remove_suffix(1);
    }
    const auto line = parse_line(each);
    if (!line || (line->name != name && line->name != format("./{}", name))) {
      continue;
    }
    auto digest = Digest::parse(format("sha256:{}", text::to_lower(line->hex)));
    if (!digest) {
      continue;
    }
    if (found && *found != *digest) {
      return fail(ErrorCode::integrity,
                  format("it has different checksums for '{}'", text::sanitize(name)));
    }
    found = std::move(*digest);
  }
  if (!found) {
    return fail(ErrorCode::integrity,
                format("it has no SHA-256 checksum for '{}'", text::sanitize(name)));
  }
  return *std::move(found);
}

Error wrong_checksum(const Digest& found, const Digest& expected) {
  return {ErrorCode::integrity,
          format("its sha256 is {} instead of {}", found.hex(), expected.hex())};
}

Result<std::optional<Digest>> expected_digest(const Context& context,
                                              const ArchiveRequest& request) {
  if (request.checksums.empty()) {
    return request.sha256;
  }
  if (request.location == kStandardInputWord) {
    return fail(
        Error(ErrorCode::usage, "standard input has no name that a list of checksums could have")
            .with_hint("give the checksum: -- '-#sha256=HEX'"));
  }
  TRY_ASSIGN(const std::string list, read_list(context, request));
  TRY_ASSIGN_CONTEXT(Digest digest, find_checksum(list, archive_name(request.location)),
                     format("cannot use '{}'", shown_location(request.checksums)));
  if (request.sha256 && *request.sha256 != digest) {
    return fail(wrong_checksum(digest, *request.sha256)
                    .context(format("'{}' says otherwise", shown_location(request.checksums))));
  }
  return std::optional<Digest>(std::move(digest));
}

}  // namespace devenv::image::fetch
