// SPDX-License-Identifier: MIT
#include "profiles/package_manager.hpp"

#include <algorithm>
#include <array>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "profiles/built_in_internal.hpp"
#include "profiles/schema.hpp"
#include "profiles/toml_internal.hpp"

namespace devenv::profiles {
namespace {

struct Verb {
  std::string_view key;
  std::string PackageManager::*line;
};

constexpr std::array kVerbs = {
    Verb{"refresh", &PackageManager::refresh},
    Verb{"install", &PackageManager::install},
    Verb{"remove", &PackageManager::remove},
    Verb{"upgrade", &PackageManager::upgrade},
    Verb{"list", &PackageManager::list},
    Verb{"clean", &PackageManager::clean},
    Verb{"add-repository", &PackageManager::add_repository},
    Verb{"add-key", &PackageManager::add_key},
    Verb{"snapshot", &PackageManager::snapshot},
};

/// A line of a verb, which is run in a shell that has the prelude behind it.
std::string complete(const std::string& prelude, std::string_view line) {
  const std::string_view plain = text::trim(line);
  return plain.empty() ? "" : prelude + std::string(plain);
}

struct Probed {
  std::int64_t order = 0;
  PackageManager manager;
};

Result<Probed> parse_manager(const BuiltIn& source) {
  const std::string file = format("built-in/{}.toml", source.name);
  const auto root = parse_toml(source.text, file);
  if (!root) {
    return fail(ErrorCode::failed, root.error().to_string());
  }
  const auto found = check_schema(*root, manager_schema(), file);
  if (!found.empty()) {
    return fail(ErrorCode::failed, found.front().to_string());
  }
  Probed probed{.order = root->find("probe")->value.number};
  PackageManager& manager = probed.manager;
  manager.name = root->text_at("name");
  manager.program = root->text_at("program");
  manager.beside = root->text_at("beside");
  const TomlMember* const caches = root->find("caches");
  manager.caches = caches != nullptr && caches->value.truth;
  const std::string prelude = root->text_at("prelude");
  manager.prelude = text::trim(prelude).empty() ? "" : std::string(text::trim(prelude)) + "\n";
  for (const Verb& verb : kVerbs) {
    manager.*verb.line = complete(manager.prelude, root->text_at(verb.key));
  }
  manager.tools = read_tools(root->find("tools")->value);
  return probed;
}

Result<std::vector<PackageManager>> parse_all() {
  std::vector<Probed> all;
  for (const BuiltIn& each : built_in_managers()) {
    TRY_ASSIGN(Probed probed, parse_manager(each));
    all.push_back(std::move(probed));
  }
  std::sort(all.begin(), all.end(),
            [](const Probed& a, const Probed& b) { return a.order < b.order; });
  std::vector<PackageManager> managers;
  for (Probed& each : all) {
    managers.push_back(std::move(each.manager));
  }
  return managers;
}

}  // namespace

ToolPackages read_tools(const TomlValue& table) {
  ToolPackages tools;
  for (const TomlMember& tool : table.members) {
    std::vector<std::string>& packages = tools[tool.key];
    for (const std::string_view word : text::split(tool.value.text, ' ')) {
      if (!word.empty()) {
        packages.emplace_back(word);
      }
    }
  }
  return tools;
}

std::vector<std::string> package_manager_names() {
  std::vector<std::string> names;
  for (const BuiltIn& each : built_in_managers()) {
    names.emplace_back(each.name);
  }
  return names;
}

Result<std::vector<PackageManager>> package_managers() {
  return parse_all();
}

Result<PackageManager> find_package_manager(std::string_view name) {
  for (const BuiltIn& each : built_in_managers()) {
    if (each.name == name) {
      TRY_ASSIGN(Probed probed, parse_manager(each));
      return std::move(probed.manager);
    }
  }
  return fail(Error(ErrorCode::not_found, format("no package manager '{}'", text::sanitize(name)))
                  .with_hint(format("one of: {}", join(package_manager_names(), ", "))));
}

Result<PackageManager> find_package_manager(const Profile& profile, const Release& release) {
  const bool is_other =
      !release.package_manager.empty() && release.package_manager != profile.package_manager;
  TRY_ASSIGN(PackageManager manager,
             find_package_manager(is_other ? release.package_manager : profile.package_manager));
  const auto take_tools = [&manager](const auto& tools) {
    for (const auto& [tool, packages] : tools) {
      manager.tools[tool] = packages;
    }
  };
  // What a profile says of its manager is not said of another one.
  if (!is_other) {
    for (const Verb& verb : kVerbs) {
      const auto own = profile.package_verbs.find(std::string(verb.key));
      if (own != profile.package_verbs.end()) {
        manager.*verb.line = complete(manager.prelude, own->second);
      }
    }
    take_tools(profile.tools);
  }
  take_tools(release.tools);
  return manager;
}

Result<PackageManager> detect_package_manager(
    const std::function<bool(const std::string& program)>& has) {
  TRY_ASSIGN(std::vector<PackageManager> all, package_managers());
  for (PackageManager& manager : all) {
    if (has(manager.program) && (manager.beside.empty() || has(manager.beside))) {
      return std::move(manager);
    }
  }
  return fail(Error(ErrorCode::not_found, "the image has no package manager that devenv knows")
                  .with_hint(format("it knows: {}", join(package_manager_names(), ", "))));
}

}  // namespace devenv::profiles
