// SPDX-License-Identifier: MIT
#include "env/export/find_apps.hpp"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/export/desktop_entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/tree.hpp"

namespace devenv::exporting {
namespace {

constexpr std::string_view kSuffix = ".desktop";
constexpr std::size_t kMaxFileSize = 1024 * 1024;
/// Directories below "applications"; distributions have one.
constexpr int kMaxDepth = 8;

class Search {
 public:
  Search(int root, std::string_view locale) : root_(root), locale_(locale) {}

  void search(const std::string& data_directory) {
    // A link to a directory above would be followed for ever. The same directory may well be looked
    // at for another data directory: ids begin elsewhere then.
    visited_.clear();
    search_directory(data_directory + "/applications", "", 0);
  }

  FoundApps take() {
    FoundApps found;
    for (auto& [id, app] : apps_) {
      if (app) {
        found.apps.push_back(*std::move(app));
      }
    }
    found.warnings = std::move(warnings_);
    return found;
  }

 private:
  /// Whether it is a directory.
  bool search_directory(const std::string& path, const std::string& id_prefix, int depth) {
    const auto directory = sys::open_in_root(root_, path, O_PATH | O_DIRECTORY);
    if (!directory) {
      const int problem = directory.error().sys_errno();
      if (problem != ENOTDIR && problem != ENOENT) {
        warn(directory.error());
      }
      return false;
    }
    const auto info = sys::stat_fd(directory->get());
    if (info && depth == 0) {
      device_ = info->st_dev;
    }
    // Not into the host, which is mounted inside, too.
    const bool is_new =
        info && info->st_dev == device_ && visited_.emplace(info->st_dev, info->st_ino).second;
    if (!is_new || depth > kMaxDepth) {
      return true;
    }
    const auto names = sys::list_directory_in_root(root_, path);
    if (!names) {
      warn(names.error());
      return true;
    }
    for (const std::string& name : *names) {
      const std::string below = format("{}/{}", path, name);
      if (!search_directory(below, id_prefix + name + "-", depth + 1) && name.ends_with(kSuffix) &&
          name.size() > kSuffix.size()) {
        read_entry(below, id_prefix + name);
      }
    }
    return true;
  }

  void read_entry(const std::string& path, const std::string& id) {
    if (apps_.contains(id)) {
      return;
    }
    const auto contents = sys::read_file_in_root(root_, path, kMaxFileSize);
    if (!contents) {
      warn(contents.error());
      return;
    }
    if (!*contents) {
      warn(Error(ErrorCode::not_found, format("'{}' is a link that leads nowhere", path)));
      return;
    }
    const auto entry = DesktopEntry::parse(**contents);
    if (!entry) {
      warn(entry.error().context(format("cannot read '{}'", path)));
      return;
    }
    apps_.emplace(id, app_of(*entry, path, id));
  }

  /// nullopt for what is no application, but takes the id.
  std::optional<App> app_of(const DesktopEntry& entry,
                            const std::string& path,
                            const std::string& id) const {
    const std::string type = entry.string(kMainGroup, "Type").value_or("");
    if (text::trim(type) != "Application" || entry.boolean(kMainGroup, "Hidden")) {
      return std::nullopt;
    }
    const std::string name = entry.string(kMainGroup, "Name").value_or("");
    return App{
        .id = text::sanitize(id),
        .path = path,
        .name = text::sanitize(entry.localized(kMainGroup, "Name", locale_).value_or(name)),
        .untranslated_name = text::sanitize(name),
        .icon = entry.localized(kMainGroup, "Icon", locale_).value_or(""),
        .no_display = entry.boolean(kMainGroup, "NoDisplay"),
    };
  }

  void warn(const Error& error) { warnings_.push_back(text::sanitize(error.to_line())); }

  int root_;
  std::string locale_;
  std::map<std::string, std::optional<App>> apps_;
  dev_t device_ = 0;  ///< of the directory that is searched
  std::set<std::pair<dev_t, ino_t>> visited_;
  std::vector<std::string> warnings_;
};

}  // namespace

FoundApps find_apps(int root,
                    const std::vector<std::string>& data_directories,
                    std::string_view locale) {
  Search search(root, locale);
  for (const std::string& directory : data_directories) {
    if (directory.starts_with('/')) {
      std::string_view trimmed = directory;
      while (trimmed.ends_with('/')) {
        trimmed.remove_suffix(1);
      }
      search.search(std::string(trimmed));
    }
  }
  return search.take();
}

std::vector<App> choose_apps(const std::vector<App>& apps, std::string_view query) {
  const std::string id(query);
  const std::string name = text::to_lower(query);
  const std::vector<std::function<bool(const App&)>> ways = {
      [&](const App& app) { return app.id == id; },
      [&](const App& app) { return app.id == id + std::string(kSuffix); },
      [&](const App& app) { return app.path == query; },
      [&](const App& app) {
        return text::to_lower(app.name) == name || text::to_lower(app.untranslated_name) == name;
      },
  };
  std::vector<App> chosen;
  for (auto way = ways.begin(); way != ways.end() && chosen.empty(); ++way) {
    std::copy_if(apps.begin(), apps.end(), std::back_inserter(chosen), *way);
  }
  return chosen;
}

}  // namespace devenv::exporting
