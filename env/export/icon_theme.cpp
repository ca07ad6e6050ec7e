// SPDX-License-Identifier: MIT
#include "env/export/icon_theme.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <map>
#include <set>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::exporting {
namespace {

/// Sizes and contexts that hicolor-icon-theme has had since 0.12; 0.18 adds 1024, which older hosts
/// do not know.
constexpr std::array<int, 13> kSizes = {16, 22, 24, 32, 36, 48, 64, 72, 96, 128, 192, 256, 512};
constexpr std::array<std::string_view, 12> kContexts = {
    "actions", "animations",  "apps", "categories", "devices", "emblems",
    "emotes",  "filesystems", "intl", "mimetypes",  "places",  "status"};

using Group = std::map<std::string, std::string, std::less<>>;

/// The groups of an index.theme, which says nothing in a way that needs more than this.
std::map<std::string, Group, std::less<>> parse_groups(std::string_view text) {
  std::map<std::string, Group, std::less<>> groups;
  Group* group = nullptr;
  for (std::string_view line : text::lines(text)) {
    line = text::trim(line);
    if (line.empty() || line.front() == '#') {
      continue;
    }
    if (line.front() == '[' && line.back() == ']') {
      group = &groups[std::string(line.substr(1, line.size() - 2))];
      continue;
    }
    const std::size_t equals = line.find('=');
    if (group != nullptr && equals != std::string_view::npos) {
      group->emplace(text::trim(line.substr(0, equals)), text::trim(line.substr(equals + 1)));
    }
  }
  return groups;
}

std::string value_of(const Group& group, std::string_view key) {
  const auto found = group.find(key);
  return found == group.end() ? "" : found->second;
}

int number_of(const Group& group, std::string_view key, int fallback) {
  const auto number = text::parse_number(value_of(group, key));
  return number && *number <= 1U << 16U ? static_cast<int>(*number) : fallback;
}

std::vector<std::string> names_of(const Group& group, std::string_view key) {
  std::vector<std::string> names;
  const std::string value = value_of(group, key);
  for (const std::string_view part : text::split(value, ',')) {
    if (const std::string_view name = text::trim(part); !name.empty()) {
      names.emplace_back(name);
    }
  }
  return names;
}

bool leaves_the_theme(std::string_view path) {
  const auto parts = text::split(path, '/');
  return path.starts_with('/') || std::find(parts.begin(), parts.end(), "..") != parts.end();
}

std::optional<IconDirectory> parse_directory(const std::string& path, const Group& group) {
  using Type = IconDirectory::Type;
  IconDirectory directory{.path = path, .size = number_of(group, "Size", 0)};
  if (directory.size <= 0 || leaves_the_theme(path)) {
    return std::nullopt;
  }
  const std::string type = value_of(group, "Type");
  directory.type = type == "Fixed"      ? Type::fixed
                   : type == "Scalable" ? Type::scalable
                                        : Type::threshold;
  directory.scale = number_of(group, "Scale", 1);
  directory.min_size = number_of(group, "MinSize", directory.size);
  directory.max_size = number_of(group, "MaxSize", directory.size);
  directory.threshold = number_of(group, "Threshold", 2);
  directory.context = value_of(group, "Context");
  return directory;
}

int nearest_size(int size) {
  return *std::min_element(kSizes.begin(), kSizes.end(), [size](int one, int other) {
    return std::abs(one - size) < std::abs(other - size);
  });
}

std::string sized_directory(int size, int scale) {
  const int nearest = nearest_size(size);
  return format("{}x{}{}", nearest, nearest, scale == 2 ? "@2" : "");
}

bool is_known_context(std::string_view context) {
  return std::find(kContexts.begin(), kContexts.end(), context) != kContexts.end();
}

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t number = 0;
  for (const char byte : bytes.substr(0, 4)) {
    number = number << 8U | static_cast<unsigned char>(byte);
  }
  return number;
}

/// The larger of both, when they are sizes that a picture may have.
std::optional<int> picture_size(std::uint64_t width, std::uint64_t height) {
  const std::uint64_t larger = std::max(width, height);
  if (width == 0 || height == 0 || larger > 1U << 15U) {
    return std::nullopt;
  }
  return static_cast<int>(larger);
}

/// Source: PNG specification (third edition), 5.2 and 11.2.1: the signature, then the chunk IHDR.
std::optional<int> png_size(std::string_view contents) {
  if (!contents.starts_with("\x89PNG\r\n\x1a\n") || contents.size() < 24 ||
      contents.substr(12, 4) != "IHDR") {
    return std::nullopt;
  }
  return picture_size(big_endian(contents.substr(16)), big_endian(contents.substr(20)));
}

/// The first string of an XPM file: "width height colours characters-per-pixel".
std::optional<int> xpm_size(std::string_view contents) {
  const std::string_view head = contents.substr(0, 4096);
  if (head.find("XPM") == std::string_view::npos || !text::trim(head).starts_with("/*")) {
    return std::nullopt;
  }
  const std::size_t begin = head.find('"');
  const std::size_t end = begin == std::string_view::npos ? begin : head.find('"', begin + 1);
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  std::vector<std::uint64_t> numbers;
  for (const std::string_view word : text::split(head.substr(begin + 1, end - begin - 1), ' ')) {
    if (const auto number = text::parse_number(text::trim(word))) {
      numbers.push_back(*number);
    }
  }
  return numbers.size() < 4 ? std::nullopt : picture_size(numbers[0], numbers[1]);
}

bool is_svg(std::string_view contents) {
  std::string_view head = contents.substr(0, 8192);
  if (head.starts_with("\xef\xbb\xbf")) {
    head.remove_prefix(3);
  }
  return text::trim(head).starts_with('<') && (head.find("<svg") != std::string_view::npos ||
                                               head.find(":svg") != std::string_view::npos);
}

}  // namespace

Result<IconTheme> parse_icon_theme(std::string_view name, std::string_view index) {
  const auto groups = parse_groups(index);
  const auto main = groups.find("Icon Theme");
  if (main == groups.end()) {
    return fail(ErrorCode::failed, format("the index of the icon theme '{}' has no group '{}'",
                                          text::sanitize(name), "Icon Theme"));
  }
  IconTheme theme{.name = std::string(name), .parents = names_of(main->second, "Inherits")};
  std::vector<std::string> paths = names_of(main->second, "Directories");
  std::vector<std::string> scaled = names_of(main->second, "ScaledDirectories");
  std::move(scaled.begin(), scaled.end(), std::back_inserter(paths));
  std::set<std::string> seen;
  for (const std::string& path : paths) {
    const auto group = groups.find(path);
    if (group == groups.end() || !seen.insert(path).second) {
      continue;
    }
    if (auto directory = parse_directory(path, group->second)) {
      theme.directories.push_back(*std::move(directory));
    }
  }
  return theme;
}

IconTheme standard_hicolor() {
  IconTheme theme{.name = "hicolor"};
  for (const std::string_view context : kContexts) {
    for (const int size : kSizes) {
      for (const int scale : {1, 2}) {
        theme.directories.push_back({.path = format("{}/{}", sized_directory(size, scale), context),
                                     .size = size,
                                     .scale = scale});
      }
    }
    theme.directories.push_back({.path = format("scalable/{}", context),
                                 .size = 128,
                                 .type = IconDirectory::Type::scalable,
                                 .min_size = 1,
                                 .max_size = 512});
  }
  theme.directories.push_back({.path = "symbolic/apps",
                               .size = 16,
                               .type = IconDirectory::Type::scalable,
                               .min_size = 8,
                               .max_size = 512});
  return theme;
}

std::string theme_of_settings(std::string_view settings) {
  const auto groups = parse_groups(settings);
  const auto group = groups.find("Settings");
  return group == groups.end() ? "" : value_of(group->second, "gtk-icon-theme-name");
}

std::string_view extension_of(IconFormat format) {
  switch (format) {
    case IconFormat::png:
      return ".png";
    case IconFormat::svg:
      return ".svg";
    case IconFormat::xpm:
      return ".xpm";
    case IconFormat::svgz:
      break;
  }
  return ".svgz";
}

std::optional<IconFileName> split_icon_file_name(std::string_view file) {
  for (const IconFormat format :
       {IconFormat::png, IconFormat::svg, IconFormat::xpm, IconFormat::svgz}) {
    const std::string_view extension = extension_of(format);
    if (file.size() > extension.size() && file.ends_with(extension)) {
      return IconFileName{file.substr(0, file.size() - extension.size()), format};
    }
  }
  return std::nullopt;
}

std::optional<IconContents> look_at_icon(std::string_view contents) {
  if (const auto size = png_size(contents)) {
    return IconContents{IconFormat::png, *size};
  }
  if (is_svg(contents)) {
    return IconContents{IconFormat::svg, 0};
  }
  // gzip's signature (RFC 1952, 2.3.1): among icons only drawings are packed.
  if (contents.starts_with("\x1f\x8b")) {
    return IconContents{IconFormat::svgz, 0};
  }
  if (const auto size = xpm_size(contents)) {
    return IconContents{IconFormat::xpm, *size};
  }
  return std::nullopt;
}

std::optional<HicolorPlace> hicolor_place(std::string_view theme,
                                          const IconDirectory& directory,
                                          IconFormat format) {
  if (directory.scale < 1 || directory.scale > 2) {
    return std::nullopt;
  }
  const auto parts = text::split(directory.path, '/');
  if (std::find(parts.begin(), parts.end(), "symbolic") != parts.end()) {
    return HicolorPlace{"hicolor/symbolic/apps"};
  }
  // Another theme's contexts are in other places ("apps/48"), and its icon is one of a program.
  const bool hicolor = theme == "hicolor" && parts.size() == 2 && is_known_context(parts[1]);
  const std::string context(hicolor ? parts[1] : "apps");
  const bool drawing = format == IconFormat::svg || format == IconFormat::svgz;
  const bool scalable = directory.type == IconDirectory::Type::scalable;
  if (drawing && scalable && directory.scale == 1) {
    return HicolorPlace{"hicolor/scalable/" + context};
  }
  const int far = scalable ? kSizes.back() : 0;
  return HicolorPlace{
      devenv::format("hicolor/{}/{}", sized_directory(directory.size, directory.scale), context),
      far + std::abs(directory.size - nearest_size(directory.size))};
}

std::string hicolor_directory(const IconContents& contents) {
  return contents.size == 0 ? "hicolor/scalable/apps"
                            : format("hicolor/{}/apps", sized_directory(contents.size, 1));
}

}  // namespace devenv::exporting
