// SPDX-License-Identifier: MIT
#include "profiles/import.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/instance/name.hpp"
#include "profiles/import_internal.hpp"
#include "profiles/schema.hpp"
#include "profiles/toml_internal.hpp"
#include "profiles/toml_writer.hpp"

namespace devenv::profiles {
namespace {

constexpr std::string_view kAlnum =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// What toolbox calls a release, as our profile does.
std::string base_of(const std::string& distro, std::string release) {
  if (distro == "fedora" && release.starts_with('f')) {
    release.erase(0, 1);
  }
  if (distro == "rhel") {
    release = release.substr(0, release.find('.'));
  }
  return distro.empty() || release.empty() ? distro : format("{}:{}", distro, release);
}

}  // namespace

std::string environment_name(std::string_view title) {
  if (instance::EnvironmentName::parse(title)) {
    return std::string(title);
  }
  constexpr std::size_t kLongest = 63;
  std::string name;
  for (const char c : text::to_lower(title)) {
    if (kAlnum.find(c) != std::string_view::npos) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  name.resize(std::min(name.size(), kLongest));
  while (name.ends_with('-')) {
    name.pop_back();
  }
  return name;
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         name.find_first_not_of(std::string(kAlnum) + "_") == std::string_view::npos;
}

std::vector<std::string> acceptable(std::string_view table,
                                    std::string_view key,
                                    const std::vector<std::string>& values,
                                    std::vector<std::string>& notes) {
  Rule rule = nullptr;
  for (const SchemaKey& row : project_schema()) {
    if (row.table == table && row.name == key) {
      rule = row.rule;
    }
  }
  std::vector<std::string> good;
  for (const std::string& value : values) {
    if (const auto complaint = rule == nullptr ? std::nullopt : rule(value)) {
      notes.push_back(complaint->message);
    } else {
      good.push_back(value);
    }
  }
  return good;
}

Result<ImportedProject> import_toolbox(std::string_view config) {
  const auto root = parse_toml(config, "toolbox.conf");
  if (!root) {
    return fail(ErrorCode::usage, root.error().to_string());
  }
  ImportedProject result;
  std::string distro;
  std::string release;
  std::string image;
  const auto note = [&](const std::string& key, std::string_view why) {
    result.notes.push_back(format("{}: {}", text::sanitize(key), why));
  };
  for (const TomlMember& table : root->members) {
    if (table.key != "general" || table.value.type != TomlType::table) {
      note(table.key, "unknown key");
      continue;
    }
    for (const TomlMember& key : table.value.members) {
      std::string* const into = key.key == "distro"    ? &distro
                                : key.key == "release" ? &release
                                : key.key == "image"   ? &image
                                                       : nullptr;
      into != nullptr&& key.value.type == TomlType::text ? void(*into = key.value.text)
                                                         : note(key.key, "unknown key");
    }
  }
  const std::string base = image.empty() ? base_of(distro, release) : image;
  if (!image.empty() && !(distro.empty() && release.empty())) {
    note("distro", "the image says which");
  }
  if (image.empty() && distro == "rhel" && release.find('.') != std::string::npos) {
    note("release", "the newest minor release is taken");
  }
  if (base.empty()) {
    result.notes.emplace_back("there is no image: add base = \"...\" to [env]");
  } else {
    result.name = environment_name(text::base_name(base));
  }
  TomlWriter toml;
  toml.table("env");
  toml.text("base", base);
  result.toml = toml.take();
  return result;
}

Result<std::vector<ImportedProject>> import_project(std::string_view file, std::string_view text) {
  const std::string_view name = text::base_name(file);
  if (name.ends_with(".ini")) {
    return import_distrobox(text);
  }
  auto imported = name.ends_with(".json") || name.ends_with(".jsonc") ? import_devcontainer(text)
                  : name.ends_with(".conf")
                      ? import_toolbox(text)
                      : Result<ImportedProject>(
                            fail(Error(ErrorCode::usage, "it is not known what this file is")
                                     .with_hint("distrobox.ini, devcontainer.json or "
                                                "toolbox.conf can be imported")));
  if (!imported) {
    return fail(imported.error());
  }
  return std::vector<ImportedProject>{*std::move(imported)};
}

}  // namespace devenv::profiles
