// SPDX-License-Identifier: MIT
#include "env/export/icon_index.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

#include "env/base/text.hpp"
#include "env/sys/tree.hpp"

namespace devenv::exporting {
namespace {

constexpr std::size_t kMaxIcon = 4U * 1024 * 1024;
constexpr std::size_t kMaxIndex = 1024U * 1024;
/// No image has that many; one that was made to keep us busy does.
constexpr std::size_t kMaxThemes = 200;

constexpr std::string_view kSymbolic = "-symbolic";

std::vector<std::string> names_in(int root, const std::string& directory) {
  return sys::list_directory_in_root(root, directory).value_or(std::vector<std::string>{});
}

std::string target_of(const std::string& directory, const std::string& name, IconFormat format) {
  return directory + "/" + name + std::string(extension_of(format));
}

void sort_by_target(std::vector<IconFile>& files) {
  std::sort(files.begin(), files.end(),
            [](const IconFile& one, const IconFile& other) { return one.target < other.target; });
}

}  // namespace

IconIndex::IconIndex(int root, const std::vector<std::string>& data_directories) : root_(root) {
  for (const std::string& directory : data_directories) {
    std::string icons = directory + (directory.ends_with('/') ? "icons" : "/icons");
    if (std::find(icon_directories_.begin(), icon_directories_.end(), icons) ==
        icon_directories_.end()) {
      icon_directories_.push_back(std::move(icons));
    }
  }
  hicolor_.theme = read_theme("hicolor").value_or(standard_hicolor());
}

std::optional<IconTheme> IconIndex::read_theme(const std::string& name) const {
  for (const std::string& icons : icon_directories_) {
    const auto index =
        sys::read_file_in_root(root_, icons + "/" + name + "/index.theme", kMaxIndex);
    if (!index || !*index) {
      continue;
    }
    // The first index counts, for the directories of all.
    auto theme = parse_icon_theme(name, **index);
    return theme ? std::optional(*std::move(theme)) : std::nullopt;
  }
  return std::nullopt;
}

/// The default theme, what it inherits, those of the two large desktops, the rest.
void IconIndex::read_other_themes() {
  std::vector<std::string> order;
  for (const char* path : {"/etc/gtk-4.0/settings.ini", "/etc/gtk-3.0/settings.ini"}) {
    const auto settings = sys::read_file_in_root(root_, path, kMaxIndex);
    if (settings && *settings) {
      order.push_back(theme_of_settings(**settings));
    }
  }
  order.insert(order.end(), {"default", "Adwaita", "breeze"});
  for (const std::string& icons : icon_directories_) {
    for (std::string& name : names_in(root_, icons)) {
      if (!split_icon_file_name(name)) {
        order.push_back(std::move(name));
      }
    }
  }
  others_.emplace();
  std::set<std::string> seen = {"", "hicolor"};
  // A stack, so that parents come right after their child.
  std::vector<std::string> open(order.rbegin(), order.rend());
  while (!open.empty() && others_->size() < kMaxThemes) {
    const std::string name = std::move(open.back());
    open.pop_back();
    if (name.find('/') != std::string::npos || !seen.insert(name).second) {
      continue;
    }
    auto theme = read_theme(name);
    if (!theme) {
      continue;
    }
    open.insert(open.end(), theme->parents.rbegin(), theme->parents.rend());
    if (!theme->directories.empty()) {  // else a theme of pointers, or an alias
      others_->push_back(Theme{.theme = *std::move(theme)});
    }
  }
}

void IconIndex::list_theme(Theme& theme) const {
  theme.listed = true;
  const std::vector<IconDirectory>& directories = theme.theme.directories;
  for (std::uint32_t base = 0; base < icon_directories_.size(); ++base) {
    const std::string top = icon_directories_[base] + "/" + theme.theme.name + "/";
    const std::vector<std::string> present = names_in(root_, top);
    for (std::uint32_t i = 0; i < directories.size(); ++i) {
      const std::string& path = directories[i].path;
      // Indexes name hundreds of directories; most images have a dozen.
      if (!std::binary_search(present.begin(), present.end(), path.substr(0, path.find('/')))) {
        continue;
      }
      for (const std::string& file : names_in(root_, top + path)) {
        if (const auto name = split_icon_file_name(file)) {
          theme.icons[std::string(name->icon)].push_back({base, i, name->format});
        }
      }
    }
  }
}

void IconIndex::list_unthemed() {
  unthemed_.emplace();
  std::vector<std::string> directories = icon_directories_;
  directories.emplace_back("/usr/share/pixmaps");
  for (const std::string& directory : directories) {
    for (const std::string& file : names_in(root_, directory)) {
      if (const auto name = split_icon_file_name(file)) {
        (*unthemed_)[std::string(name->icon)].push_back(directory + "/" + file);
      }
    }
  }
}

/// nullopt for what cannot be read, whatever the reason is: another file may do.
std::optional<std::string> IconIndex::read(const std::string& path) const {
  auto contents = sys::read_file_in_root(root_, path, kMaxIcon);
  if (!contents || !*contents || (*contents)->empty()) {
    return std::nullopt;
  }
  return **std::move(contents);
}

std::vector<IconFile> IconIndex::find_in_theme(Theme& theme,
                                               const std::string& icon,
                                               const std::string& name) const {
  if (!theme.listed) {
    list_theme(theme);
  }
  const auto found = theme.icons.find(icon);
  if (found == theme.icons.end()) {
    return {};
  }
  struct Candidate {
    HicolorPlace place;
    Place source;
  };
  std::vector<Candidate> candidates;
  for (const Place& source : found->second) {
    const IconDirectory& directory = theme.theme.directories[source.directory];
    if (auto place = hicolor_place(theme.theme.name, directory, source.format)) {
      candidates.push_back({*std::move(place), source});
    }
  }
  const auto rank = [](const Candidate& candidate) {
    return std::tie(candidate.place.directory, candidate.place.distance, candidate.source.base,
                    candidate.source.format);
  };
  std::sort(
      candidates.begin(), candidates.end(),
      [&rank](const Candidate& one, const Candidate& other) { return rank(one) < rank(other); });

  std::vector<IconFile> files;
  std::string_view filled;
  for (const Candidate& candidate : candidates) {
    if (candidate.place.directory == filled) {
      continue;
    }
    std::string path = icon_directories_[candidate.source.base] + "/" + theme.theme.name + "/" +
                       theme.theme.directories[candidate.source.directory].path + "/" + icon +
                       std::string(extension_of(candidate.source.format));
    auto contents = read(path);
    // A link may lead to any file of the user's; only pictures are for others to see.
    if (contents && look_at_icon(*contents)) {
      files.push_back({std::move(path),
                       target_of(candidate.place.directory, name, candidate.source.format),
                       *std::move(contents)});
      filled = candidate.place.directory;
    }
  }
  return files;
}

std::vector<IconFile> IconIndex::find_unthemed(const std::string& icon, const std::string& name) {
  if (!unthemed_) {
    list_unthemed();
  }
  std::vector<IconFile> files;
  const auto found = unthemed_->find(icon);
  if (found == unthemed_->end()) {
    return files;
  }
  std::set<std::string> filled;
  for (const std::string& path : found->second) {
    auto contents = read(path);
    const auto look = contents ? look_at_icon(*contents) : std::nullopt;
    if (!look) {
      continue;
    }
    const std::string directory = hicolor_directory(*look);
    if (filled.insert(directory).second) {
      files.push_back({path, target_of(directory, name, look->format), *std::move(contents)});
    }
  }
  return files;
}

/// With the symbolic variant, from hicolor or the same theme.
std::vector<IconFile> IconIndex::find_by_name(const std::string& icon, const std::string& name) {
  const std::string suffix = icon.ends_with(kSymbolic) ? "" : std::string(kSymbolic);
  const auto find_both = [&](Theme& theme) {
    auto files = find_in_theme(theme, icon, name);
    if (!files.empty() && !suffix.empty()) {
      auto symbolic = find_in_theme(theme, icon + suffix, name + suffix);
      std::move(symbolic.begin(), symbolic.end(), std::back_inserter(files));
    }
    return files;
  };
  if (auto files = find_both(hicolor_); !files.empty()) {
    return files;
  }
  if (!others_) {
    read_other_themes();
  }
  for (Theme& theme : *others_) {
    if (auto files = find_both(theme); !files.empty()) {
      return files;
    }
  }
  return find_unthemed(icon, name);
}

FoundIcon IconIndex::find_by_path(const std::string& path,
                                  const std::optional<std::string>& name) const {
  const std::string file(text::base_name(path));
  const auto split = split_icon_file_name(file);
  FoundIcon found{.name = name.value_or(split ? std::string(split->icon) : file)};
  auto contents = read(path);
  const auto look = contents ? look_at_icon(*contents) : std::nullopt;
  if (look) {
    found.files.push_back({path, target_of(hicolor_directory(*look), found.name, look->format),
                           *std::move(contents)});
  }
  return found;
}

FoundIcon IconIndex::find(const std::string& icon, const std::optional<std::string>& name) {
  if (icon.starts_with('/')) {
    return find_by_path(icon, name);
  }
  FoundIcon found{.name = name.value_or(icon)};
  if (icon.empty() || icon.find('/') != std::string::npos) {
    return found;
  }
  found.files = find_by_name(icon, found.name);
  // "foo.png": never right, often seen.
  const auto split = split_icon_file_name(icon);
  if (found.files.empty() && split) {
    const std::string stem(split->icon);
    found.name = name.value_or(stem);
    found.files = find_by_name(stem, found.name);
  }
  sort_by_target(found.files);
  return found;
}

}  // namespace devenv::exporting
