// SPDX-License-Identifier: MIT
#include "env/image/registry/failure_words.hpp"

#include <algorithm>
#include <array>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::image::registry {

namespace {

/// "::1" in "[::1]:3128".
std::string host_in(const std::string& authority) {
  if (authority.starts_with('[')) {
    return authority.substr(1, std::min(authority.find(']'), authority.size()) - 1);
  }
  return authority.substr(0, authority.find(':'));
}

/// Source: libcurl, CURLOPT_PROXY(3).
std::string port_in(const std::string& authority, bool tls) {
  const std::size_t colon = authority.find(':', authority.find(']') + 1);
  return colon != std::string::npos ? authority.substr(colon + 1) : tls ? "443" : "1080";
}

}  // namespace

std::optional<ProxyWord> proxy_for(const Url& url) {
  const std::array<const char*, 4> names =
      url.scheme == "https"
          ? std::array<const char*, 4>{"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}
          : std::array<const char*, 4>{"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"};
  for (const char* name : names) {
    const std::string value = sys::get_variable(name);
    if (value.empty()) {
      continue;
    }
    const std::size_t scheme_end = value.find("://");
    const std::size_t begin = scheme_end == std::string::npos ? 0 : scheme_end + 3;
    const std::size_t at = value.rfind('@');
    const std::size_t host_begin = at == std::string::npos || at < begin ? begin : at + 1;
    const std::size_t end = value.find_first_of("/?#", host_begin);
    const std::string authority = value.substr(host_begin, end - host_begin);
    return ProxyWord{.variable = name,
                     .value = value,
                     .shown = text::sanitize(value.substr(0, begin) + authority),
                     .host = host_in(authority),
                     .port = port_in(authority, value.starts_with("https:"))};
  }
  return std::nullopt;
}

/// As much of a proxy's address says nothing: "http://u".
constexpr std::size_t kTelling = 8;

std::string without_password(std::string reason, const std::optional<ProxyWord>& proxy) {
  if (proxy) {
    const std::string raw = text::sanitize(proxy->value);
    for (std::size_t at = reason.find(raw); at != std::string::npos;
         at = reason.find(raw, at + proxy->shown.size())) {
      reason.replace(at, raw.size(), proxy->shown);
    }
    // libcurl cuts its words (CURL_ERROR_SIZE).
    for (std::size_t length = std::min(raw.size(), reason.size()); length > kTelling; --length) {
      if (proxy->shown != raw && reason.ends_with(raw.substr(0, length))) {
        reason.replace(reason.size() - length, length, proxy->shown);
        break;
      }
    }
  }
  return reason;
}

bool speaks_of(const std::string& reason, const ProxyWord& proxy) {
  return format(" {} ", reason).find(format(" {} port {} ", proxy.host, proxy.port)) !=
         std::string::npos;
}

std::string file_at_fault(const std::string& directory) {
  const auto names = sys::list_directory(directory);
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    const std::string file = format("{}/{}", directory, name);
    const auto contents =
        name.ends_with(".crt") ? sys::read_regular_file(file) : Result<std::string>();
    if (contents && name.ends_with(".crt") && contents->find("-----BEGIN ") == std::string::npos) {
      return file;
    }
  }
  return directory;
}

std::string certificates_of(const Url& url) {
  return "~/.config/containers/certs.d/" + text::sanitize(url.authority());
}

std::string hint_for(TransportFailure kind, const HttpRequest& request) {
  switch (kind) {
    case TransportFailure::unreachable:
      return format(
          "check the network connection and the name of the {}; a proxy is taken from HTTPS_PROXY",
          request.of_registry ? "registry" : "server");
    case TransportFailure::untrusted:
      return request.of_registry
                 ? format(
                       "put the registry's certificate authority into {}/ca.crt, or name it in "
                       "SSL_CERT_FILE",
                       certificates_of(request.url))
                 : "add the server's certificate authority to the system's, or name it in "
                   "SSL_CERT_FILE";
    case TransportFailure::not_tls:
      return request.of_registry ? "" : "the server may speak no TLS there; is it http?";
    case TransportFailure::interrupted:
      return request.of_registry ? "" : "try again: what has come is kept";
    default:
      return "";
  }
}

}  // namespace devenv::image::registry
