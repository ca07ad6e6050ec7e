// SPDX-License-Identifier: MIT
#include "env/export/host_files.hpp"

#include <algorithm>

#include "env/base/text.hpp"
#include "env/export/icon_theme.hpp"
#include "env/sys/file.hpp"

namespace devenv::exporting {
namespace {

constexpr std::size_t kMaxIndex = 1024U * 1024;

std::string without_end_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) {
    path.pop_back();
  }
  return path;
}

std::vector<std::string> names_in(const std::string& directory) {
  return sys::list_directory(directory).value_or(std::vector<std::string>{});
}

void add_new(std::vector<std::string>& list, std::string path) {
  if (std::find(list.begin(), list.end(), path) == list.end()) {
    list.push_back(std::move(path));
  }
}

}  // namespace

Result<HostPlaces> host_places(const sys::User& user,
                               const std::function<std::string(const char*)>& get_variable) {
  if (!user.home.starts_with('/')) {
    return fail(Error(ErrorCode::unsupported, "cannot find your home directory")
                    .with_hint("set HOME to an absolute path"));
  }
  const std::string home = user.home == "/" ? "" : without_end_slash(user.home);
  const auto directory = [&](const char* variable, const char* below_home) {
    const std::string value = get_variable(variable);
    return value.starts_with('/') ? without_end_slash(value) : home + below_home;
  };
  const std::string data = directory("XDG_DATA_HOME", "/.local/share");
  const std::string config = directory("XDG_CONFIG_HOME", "/.config");
  HostPlaces places{.applications = data + "/applications",
                    .icons = data + "/icons",
                    .mime = data + "/mime",
                    .dbus_services = data + "/dbus-1/services",
                    .metainfo = data + "/metainfo",
                    .autostart = config + "/autostart",
                    .user_units = config + "/systemd/user",
                    .binaries = home + "/.local/bin",
                    .data_directories = {data},
                    .old_icons = home + "/.icons"};
  const std::string set = get_variable("XDG_DATA_DIRS");
  const std::string list = set.empty() ? "/usr/local/share:/usr/share" : set;
  for (const std::string_view part : text::split(list, ':')) {
    if (part.starts_with('/')) {
      add_new(places.data_directories, without_end_slash(std::string(part)));
    }
  }
  return places;
}

/// `prefix` is that of ids: "kde-" for applications/kde. `seen` has canonical paths, because a link
/// may lead to a directory above.
void HostFiles::add_applications(const std::string& directory,
                                 const std::string& prefix,
                                 std::set<std::string>& seen) {
  const auto canonical = sys::canonical_path(directory);
  if (!canonical || !seen.insert(*canonical).second) {
    return;
  }
  for (const std::string& name : names_in(directory)) {
    const std::string path = directory + "/" + name;
    if (name.ends_with(".desktop")) {
      if (!ours_.contains(path)) {
        desktop_ids_->insert(prefix + name);
      }
    } else if (sys::is_directory(path)) {
      add_applications(path, prefix + name + "-", seen);
    }
  }
}

bool HostFiles::has_desktop_id(const std::string& id) {
  if (!desktop_ids_) {
    desktop_ids_.emplace();
    for (const std::string& data : places_.data_directories) {
      std::set<std::string> seen;
      add_applications(data + "/applications", "", seen);
    }
  }
  return desktop_ids_->contains(id);
}

std::vector<std::string> HostFiles::icon_directories() const {
  std::vector<std::string> directories = {places_.old_icons};
  for (const std::string& data : places_.data_directories) {
    add_new(directories, data + "/icons");
  }
  return directories;
}

void HostFiles::add_icons(const std::string& directory, std::set<std::string>& icons) const {
  for (const std::string& file : names_in(directory)) {
    const auto split = split_icon_file_name(file);
    if (split && !ours_.contains(directory + "/" + file)) {
      icons.emplace(split->icon);
    }
  }
}

void HostFiles::add_theme(const std::string& name, std::set<std::string>& icons) const {
  const std::vector<std::string> bases = icon_directories();
  IconTheme theme;
  for (const std::string& base : bases) {
    const auto index = sys::read_file(base + "/" + name + "/index.theme", kMaxIndex);
    if (auto parsed = index ? parse_icon_theme(name, *index) : fail(index.error())) {
      theme = *std::move(parsed);
      break;
    }
  }
  if (name == "hicolor" && theme.directories.empty()) {
    theme = standard_hicolor();
  }
  for (const std::string& base : bases) {
    const std::string top = base + "/" + name + "/";
    const std::vector<std::string> present = names_in(top);
    for (const IconDirectory& directory : theme.directories) {
      // Indexes name hundreds of directories; many of these are not there.
      const std::string first = directory.path.substr(0, directory.path.find('/'));
      if (std::binary_search(present.begin(), present.end(), first)) {
        add_icons(top + directory.path, icons);
      }
    }
  }
}

bool HostFiles::has_icon(const std::string& name) {
  if (!icons_) {
    icons_.emplace();
    add_theme("hicolor", *icons_);
    for (const std::string& directory : icon_directories()) {
      add_icons(directory, *icons_);
    }
    for (const std::string& data : places_.data_directories) {
      add_icons(data + "/pixmaps", *icons_);
    }
    add_icons("/usr/share/pixmaps", *icons_);
  }
  return icons_->contains(name);
}

bool HostFiles::has_themed_icon(const std::string& name) {
  if (!themed_icons_) {
    themed_icons_.emplace();
    std::set<std::string> seen;
    for (const std::string& base : icon_directories()) {
      for (const std::string& theme : names_in(base)) {
        if (!split_icon_file_name(theme) && seen.insert(theme).second) {
          add_theme(theme, *themed_icons_);
        }
      }
    }
  }
  return has_icon(name) || themed_icons_->contains(name);
}

}  // namespace devenv::exporting
