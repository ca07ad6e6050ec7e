// SPDX-License-Identifier: MIT
#include "env/export/find_units.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/export/unit_file.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/tree.hpp"

namespace devenv::exporting {
namespace {

constexpr std::size_t kLargestFile = 1024U * 1024;
constexpr int kMostAliases = 8;

/// What comes first counts. /run has what generators make of a machine's configuration; none runs
/// inside.
constexpr std::array<std::string_view, 6> kUserDirectories = {
    "/etc/systemd/user",           "/usr/local/share/systemd/user", "/usr/share/systemd/user",
    "/usr/local/lib/systemd/user", "/usr/lib/systemd/user",         "/lib/systemd/user"};
constexpr std::array<std::string_view, 4> kSystemDirectories = {
    "/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
    "/lib/systemd/system"};

std::optional<std::string> read(int root, const std::string& path) {
  auto contents = sys::read_file_in_root(root, path, kLargestFile);
  return contents ? *std::move(contents) : std::nullopt;
}

/// What the link at `path` names; nullopt for what is no link.
std::optional<std::string> link_target(int root, const std::string& path) {
  const auto parent = sys::open_parent_in_root(root, path);
  auto target = parent ? sys::read_link_at(parent->directory.get(), parent->name)
                       : Result<std::string>(fail(parent.error()));
  return target ? std::optional(*std::move(target)) : std::nullopt;
}

/// The file that `name` is read from, in the first directory that has one.
template <std::size_t kCount>
std::optional<FoundUnit> look_in(int root,
                                 const std::array<std::string_view, kCount>& directories,
                                 const std::string& name) {
  for (const std::string_view directory : directories) {
    FoundUnit found{.name = name, .path = format("{}/{}", directory, name)};
    const auto target = link_target(root, found.path);
    auto text = read(root, found.path);
    if (target == "/dev/null" || (text && text->empty())) {
      found.is_masked = true;
      return found;
    }
    if (!text) {
      continue;
    }
    found.text = *std::move(text);
    const std::string real(target ? text::base_name(*target) : name);
    if (real != name && is_unit_name(real) &&
        UnitName::parse(real).type == UnitName::parse(name).type) {
      found.name = real;
    }
    return found;
  }
  return std::nullopt;
}

/// By name, then by that of its template; names that stand for others are followed.
template <std::size_t kCount>
std::optional<FoundUnit> find_in(int root,
                                 const std::array<std::string_view, kCount>& directories,
                                 std::string name) {
  for (int step = 0; step < kMostAliases; ++step) {
    const UnitName parts = UnitName::parse(name);
    auto found = look_in(root, directories, name);
    if (!found && parts.template_name()) {
      found = look_in(root, directories, *parts.template_name());
      if (found) {
        UnitName instance = UnitName::parse(found->name);
        instance.instance = instance.instance ? parts.instance : std::nullopt;
        found->name = instance.string();
      }
    }
    if (!found || found->is_masked || found->name == name) {
      return found;
    }
    name = found->name;
  }
  return std::nullopt;
}

/// "service.d", "foo-.service.d", "foo-bar@.service.d", "foo-bar@x.service.d": from the general to
/// the particular.
std::vector<std::string> drop_in_names(const UnitName& unit) {
  std::vector<std::string> names = {unit.type + ".d"};
  const auto add = [&](std::string prefix) {
    const UnitName name{std::move(prefix), unit.instance, unit.type};
    if (name.template_name() && !name.is_template()) {
      names.push_back(*name.template_name() + ".d");
    }
    names.push_back(name.string() + ".d");
  };
  for (std::size_t dash = unit.prefix.find('-'); dash < unit.prefix.size() - 1;
       dash = unit.prefix.find('-', dash + 1)) {
    add(unit.prefix.substr(0, dash + 1));
  }
  add(unit.prefix);
  return names;
}

/// A file takes the place of one with the same name in a less particular directory, or in one that
/// is looked into later; an empty one, or a link to /dev/null, is nothing in its place.
template <std::size_t kCount>
std::vector<std::string> drop_ins_of(int root,
                                     const std::array<std::string_view, kCount>& directories,
                                     const std::string& name) {
  std::map<std::string, std::string> files;
  for (const std::string& folder : drop_in_names(UnitName::parse(name))) {
    for (auto directory = directories.rbegin(); directory != directories.rend(); ++directory) {
      const std::string path = format("{}/{}", *directory, folder);
      const auto entries = sys::list_directory_in_root(root, path);
      for (const std::string& entry : entries.value_or(std::vector<std::string>())) {
        if (entry.ends_with(".conf")) {
          files[entry] = read(root, format("{}/{}", path, entry)).value_or("");
        }
      }
    }
  }
  std::vector<std::string> contents;
  for (auto& [entry, text] : files) {
    if (!text.empty()) {
      contents.push_back(std::move(text));
    }
  }
  return contents;
}

template <std::size_t kCount>
std::optional<FoundUnit> find_with_drop_ins(int root,
                                            const std::array<std::string_view, kCount>& directories,
                                            const std::string& query) {
  const std::string name(text::base_name(query));
  if (query.starts_with('/') &&
      std::none_of(directories.begin(), directories.end(), [&](std::string_view directory) {
        return query == format("{}/{}", directory, name);
      })) {
    return std::nullopt;
  }
  auto found = find_in(root, directories, name);
  if (found && !found->is_masked) {
    found->drop_ins = drop_ins_of(root, directories, found->name);
  }
  return found;
}

template <std::size_t kCount>
void list_in(int root,
             const std::array<std::string_view, kCount>& directories,
             std::map<std::string, bool>& units) {
  for (const std::string_view directory : directories) {
    const auto entries = sys::list_directory_in_root(root, std::string(directory));
    for (const std::string& name : entries.value_or(std::vector<std::string>())) {
      const bool is_known = name.ends_with(".service") || name.ends_with(".timer");
      if (!is_known || !is_unit_name(name) || units.contains(name)) {
        continue;
      }
      const auto found = look_in(root, directories, name);
      units[name] = found && !found->is_masked && found->name == name &&
                    found->text.find("[Install]") != std::string::npos;
    }
  }
}

}  // namespace

std::optional<FoundUnit> find_unit(int root, const std::string& query) {
  constexpr std::array<std::string_view, 8> kTypes = {"service", "timer", "socket", "path",
                                                      "target",  "mount", "slice",  "scope"};
  const std::string type = UnitName::parse(query).type;
  const bool has_type = std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
  const std::string name = has_type ? query : query + ".service";
  if (!is_unit_name(text::base_name(name)) ||
      (!name.starts_with('/') && text::base_name(name) != name)) {
    return std::nullopt;
  }
  auto found = find_with_drop_ins(root, kUserDirectories, name);
  if (!found) {
    found = find_with_drop_ins(root, kSystemDirectories, name);
    if (found) {
      found->of_system = true;
    }
  }
  return found;
}

std::vector<std::string> list_units(int root) {
  std::map<std::string, bool> units;
  list_in(root, kUserDirectories, units);
  list_in(root, kSystemDirectories, units);
  std::vector<std::string> names;
  for (const auto& [name, can_be_enabled] : units) {
    if (can_be_enabled) {
      names.push_back(name);
    }
  }
  return names;
}

}  // namespace devenv::exporting
