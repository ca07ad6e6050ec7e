// SPDX-License-Identifier: MIT
#include "env/image/fetch/apt_sources.hpp"

#include <algorithm>
#include <array>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::image::fetch {
namespace {

std::vector<std::string> words(std::string_view line) {
  std::vector<std::string> result;
  std::size_t start = 0;
  while ((start = line.find_first_not_of(" \t\n", start)) != std::string_view::npos) {
    const std::size_t end = std::min(line.find_first_of(" \t\n", start), line.size());
    result.emplace_back(line.substr(start, end - start));
    start = end;
  }
  return result;
}

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// The fields of one deb822 stanza; continuation lines belong to the field above.
struct Stanza {
  AptSource source;
  bool is_deb = false;
  bool enabled = true;
  std::vector<std::string>* current = nullptr;

  void add_line(std::string_view line) {
    if (line.starts_with('#')) {
      return;
    }
    if (line.starts_with(' ') || line.starts_with('\t')) {
      append(words(line));
      return;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      return;
    }
    const std::string name = text::to_lower(text::trim(line.substr(0, colon)));
    const std::vector<std::string> values = words(line.substr(colon + 1));
    current = name == "uris"         ? &source.uris
              : name == "suites"     ? &source.suites
              : name == "components" ? &source.components
                                     : nullptr;
    append(values);
    if (name == "types") {
      is_deb = contains(values, "deb");
    } else if (name == "enabled") {
      enabled = !(contains(values, "no") || contains(values, "false") || contains(values, "0"));
    }
  }

 private:
  void append(const std::vector<std::string>& values) {
    if (current != nullptr) {
      current->insert(current->end(), values.begin(), values.end());
    }
  }
};

std::string usable_uri(const AptSource& source) {
  for (const std::string& uri : source.uris) {
    const bool http = uri.starts_with("http://") || uri.starts_with("https://");
    if (http && uri.find('@') == std::string::npos) {
      return uri.ends_with('/') ? uri.substr(0, uri.size() - 1) : uri;
    }
  }
  return "";
}

bool has_main(const AptSource& source) {
  return contains(source.components, "main");
}

bool is_rolling(std::string_view suite) {
  constexpr std::array<std::string_view, 4> kRolling = {"sid", "unstable", "experimental",
                                                        "rc-buggy"};
  return std::find(kRolling.begin(), kRolling.end(), suite) != kRolling.end();
}

}  // namespace

std::vector<AptSource> parse_sources_list(std::string_view text) {
  std::vector<AptSource> sources;
  for (const std::string_view line : text::lines(text)) {
    std::vector<std::string> parts = words(line.substr(0, line.find('#')));
    if (parts.empty() || parts[0] != "deb") {
      continue;
    }
    auto next = parts.begin() + 1;
    if (next != parts.end() && next->starts_with('[')) {
      while (next != parts.end() && !next->ends_with(']')) {
        ++next;
      }
      next = next == parts.end() ? next : next + 1;
    }
    if (parts.end() - next >= 2) {
      sources.push_back({{*next}, {*(next + 1)}, {next + 2, parts.end()}});
    }
  }
  return sources;
}

std::vector<AptSource> parse_deb822_sources(std::string_view text) {
  std::vector<AptSource> sources;
  Stanza stanza;
  const auto finish = [&] {
    if (stanza.is_deb && stanza.enabled && !stanza.source.uris.empty()) {
      sources.push_back(stanza.source);
    }
    stanza = Stanza{};
  };
  for (const std::string_view line : text::lines(text)) {
    if (text::trim(line).empty()) {
      finish();
    } else {
      stanza.add_line(line);
    }
  }
  finish();
  return sources;
}

std::optional<AptMirrors> host_mirrors(const std::vector<AptSource>& sources,
                                       std::string_view distribution,
                                       std::string_view codename) {
  AptMirrors mirrors;
  const std::string updates = format("{}-updates", codename);
  const std::string security = format("{}-security", codename);
  const std::string old_security = format("{}/updates", codename);
  for (const AptSource& source : sources) {
    const std::string uri = usable_uri(source);
    if (uri.empty() || !has_main(source)) {
      continue;
    }
    if (mirrors.archive.empty() && contains(source.suites, codename)) {
      mirrors.archive = uri;
    }
    mirrors.updates = mirrors.updates || contains(source.suites, updates);
    if (mirrors.security.empty() &&
        (contains(source.suites, security) || contains(source.suites, old_security))) {
      mirrors.security = uri;
    }
  }
  // A host that follows testing or unstable has sources under those names.
  for (const AptSource& source : sources) {
    const std::string uri = usable_uri(source);
    if (mirrors.archive.empty() && has_main(source) && uri.ends_with(format("/{}", distribution))) {
      mirrors.archive = uri;
    }
  }
  return mirrors.archive.empty() ? std::nullopt : std::optional<AptMirrors>(mirrors);
}

AptMirrors public_mirrors(std::string_view distribution, std::string_view architecture) {
  if (distribution == "debian") {
    return {"http://deb.debian.org/debian", "http://deb.debian.org/debian-security", true};
  }
  if (architecture == "amd64" || architecture == "386") {
    return {"http://archive.ubuntu.com/ubuntu", "http://security.ubuntu.com/ubuntu", true};
  }
  return {"http://ports.ubuntu.com/ubuntu-ports", "http://ports.ubuntu.com/ubuntu-ports", true};
}

std::vector<std::string> sources_lines(const AptMirrors& mirrors,
                                       std::string_view distribution,
                                       std::string_view suite,
                                       std::string_view keyring) {
  const std::string_view components = distribution == "ubuntu" ? "main universe" : "main";
  const std::string signed_by = keyring.empty() ? "" : format(" [signed-by={}]", keyring);
  const auto line = [&](std::string_view uri, const std::string& name) {
    return format("deb{} {} {} {}", signed_by, uri, name, components);
  };
  std::vector<std::string> lines = {line(mirrors.archive, std::string(suite))};
  if (is_rolling(suite)) {
    return lines;
  }
  if (mirrors.updates) {
    lines.push_back(line(mirrors.archive, format("{}-updates", suite)));
  }
  if (!mirrors.security.empty()) {
    lines.push_back(line(mirrors.security, format("{}-security", suite)));
  }
  return lines;
}

std::vector<std::string> proxy_options(std::string_view apt_config_dump) {
  std::vector<std::string> options;
  for (std::string_view line : text::lines(apt_config_dump)) {
    line = text::trim(line);
    const std::string key = text::to_lower(line.substr(0, line.find(' ')));
    const bool proxy = key == "acquire::http::proxy" || key == "acquire::https::proxy" ||
                       key.starts_with("acquire::http::proxy::") ||
                       key.starts_with("acquire::https::proxy::");
    const bool empty = line.find("\"\"") != std::string_view::npos;
    if (proxy && !empty && line.ends_with(';') && line.find('@') == std::string_view::npos) {
      options.push_back(format("--aptopt={}", line.substr(0, line.size() - 1)));
    }
  }
  return options;
}

}  // namespace devenv::image::fetch
