// SPDX-License-Identifier: MIT
#include "env/image/fetch/import_name.hpp"

#include <array>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::image::fetch {
namespace {

constexpr std::size_t kMaxStem = 100;

/// Without ".tar", ".tar.xz", ".tgz"... An ending of a version ("-3.20") stays.
std::string_view stem_of(std::string_view name) {
  constexpr std::array<std::string_view, 14> kEndings = {
      ".tar.gz", ".tar.xz", ".tar.zst", ".tar.bz2", ".tgz", ".txz",      ".tbz2",
      ".tzst",   ".tar",    ".oci",     ".gz",      ".xz",  ".squashfs", ".sqfs"};
  const std::string lower = text::to_lower(name);
  for (const std::string_view ending : kEndings) {
    if (lower.size() > ending.size() && lower.ends_with(ending)) {
      return name.substr(0, name.size() - ending.size());
    }
  }
  return name;
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string default_import_name(std::string_view path) {
  std::string decoded;
  if (path.find("://") != std::string_view::npos) {
    decoded = text::percent_decode(path.substr(0, path.find_first_of("?#")));
    path = decoded;
  }
  while (path.ends_with('/')) {
    path.remove_suffix(1);
  }
  const std::string_view name = path.substr(path.rfind('/') + 1);
  // The grammar of a repository: letters and digits with single separators between them.
  std::string stem;
  char separator = '\0';
  for (const char c : text::to_lower(stem_of(name))) {
    if (!is_alphanumeric(c)) {
      separator = separator != '\0' ? '-' : c == '.' || c == '_' ? c : '-';
      continue;
    }
    if (separator != '\0' && !stem.empty()) {
      stem += separator;
    }
    separator = '\0';
    stem += c;
    if (stem.size() == kMaxStem) {
      break;
    }
  }
  return format("localhost/{}:latest", stem.empty() ? "image" : stem);
}

}  // namespace devenv::image::fetch
