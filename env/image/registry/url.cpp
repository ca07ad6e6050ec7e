// SPDX-License-Identifier: MIT
#include "env/image/registry/url.hpp"

#include <algorithm>
#include <optional>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::image::registry {
namespace {

constexpr std::size_t kMaxUrlBytes = 16U * 1024;  // signed URLs of object stores are long

std::uint16_t default_port(std::string_view scheme) {
  return scheme == "http" ? 80 : 443;
}

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

tl::unexpected<Error> malformed(std::string_view text) {
  // No password, nor what is behind '?', has a place in a message.
  std::string shown(text.substr(0, std::min<std::size_t>(text.find('?'), 200)));
  const std::size_t begin = shown.find("://");
  const std::size_t at = shown.rfind('@');
  if (at != std::string::npos) {
    const std::size_t from = begin == std::string::npos || begin > at ? 0 : begin + 3;
    shown.replace(from, at - from, "...");
  }
  return fail(ErrorCode::integrity,
              format("'{}' is not an http or https URL", text::sanitize(shown)));
}

struct HostAndPort {
  std::string host;
  std::optional<std::uint16_t> port;
};

/// nullopt when malformed.
std::optional<HostAndPort> split_authority(std::string_view authority) {
  std::size_t host_end = 0;
  if (authority.starts_with('[')) {
    host_end = authority.find(']');
    if (host_end == std::string_view::npos) {
      return std::nullopt;
    }
    ++host_end;
  } else {
    host_end = std::min(authority.find(':'), authority.size());
  }
  HostAndPort parts{text::to_lower(authority.substr(0, host_end)), std::nullopt};
  const std::string_view rest = authority.substr(host_end);
  if (parts.host.empty()) {
    return std::nullopt;
  }
  if (rest.empty() || rest == ":") {
    return parts;
  }
  const auto port = rest[0] == ':' ? text::parse_number(rest.substr(1)) : std::nullopt;
  if (!port || *port == 0 || *port > 65535) {
    return std::nullopt;
  }
  parts.port = static_cast<std::uint16_t>(*port);
  return parts;
}

bool is_ipv4_loopback(std::string_view host) {
  const auto parts = text::split(host, '.');
  if (parts.size() != 4 || parts[0] != "127") {
    return false;
  }
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    const auto number = text::parse_number(part);
    return number && *number <= 255;
  });
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos || text.size() > kMaxUrlBytes ||
      !is_printable_ascii(text)) {
    return malformed(text);
  }
  Url url;
  url.scheme = text::to_lower(text.substr(0, scheme_end));
  std::string_view rest = text.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find('#'));
  const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, authority_end);
  // User information is refused, not dropped: a reader may take "https://good@bad/" for good.
  const auto parts =
      authority.find('@') == std::string_view::npos ? split_authority(authority) : std::nullopt;
  if ((url.scheme != "http" && url.scheme != "https") || !parts) {
    return malformed(text);
  }
  url.host = parts->host;
  url.port = parts->port.value_or(default_port(url.scheme));
  const std::string_view target = rest.substr(authority_end);
  url.target = target.starts_with('/') ? std::string(target) : format("/{}", target);
  return url;
}

std::string Url::authority() const {
  return port == default_port(scheme) ? host : format("{}:{}", host, port);
}

std::string Url::string() const {
  return format("{}://{}{}", scheme, authority(), target);
}

bool Url::same_origin(const Url& other) const {
  return scheme == other.scheme && host == other.host && port == other.port;
}

Result<Url> resolve_location(const Url& base, std::string_view location) {
  if (location.starts_with("//")) {
    return Url::parse(format("{}:{}", base.scheme, location));
  }
  const std::string origin = format("{}://{}", base.scheme, base.authority());
  if (location.starts_with('/')) {
    return Url::parse(origin + std::string(location));
  }
  // A colon before any slash is a scheme; "a?b=http://c" is not.
  const std::size_t colon = location.find(':');
  if (colon != std::string_view::npos && colon < location.find_first_of("/?#")) {
    return Url::parse(location);
  }
  const std::string path = base.target.substr(0, base.target.find('?'));
  if (location.starts_with('?')) {
    return Url::parse(origin + path + std::string(location));
  }
  return Url::parse(origin + path.substr(0, path.rfind('/') + 1) + std::string(location));
}

bool is_loopback(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end != std::string_view::npos && host.substr(0, end + 1) == "[::1]";
  }
  const std::string name = text::to_lower(host.substr(0, host.find(':')));
  return name == "localhost" || name.ends_with(".localhost") || is_ipv4_loopback(name);
}

std::string percent_encode(std::string_view value) {
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (const char c : value) {
    if (kUnreserved.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return encoded;
}

}  // namespace devenv::image::registry
