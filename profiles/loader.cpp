// SPDX-License-Identifier: MIT
// From the text of a profile to a Profile: the schema first, then what no single key can know.
#include <algorithm>
#include <map>
#include <tuple>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "profiles/profile.hpp"
#include "profiles/schema.hpp"
#include "profiles/toml_internal.hpp"

namespace devenv::profiles {
namespace {

constexpr std::string_view kExtension = ".toml";

/// "fedora" for "/home/a/fedora.toml"; "" for a name that is not that of a profile file.
std::string_view stem_of(std::string_view file) {
  file.remove_prefix(file.rfind('/') + 1);  // npos + 1 is 0
  if (!file.ends_with(kExtension)) {
    return {};
  }
  file.remove_suffix(kExtension.size());
  return file;
}

class Builder {
 public:
  Builder(const TomlValue& root, const std::string& file) : root_(root), file_(file) {}

  Loaded build() {
    profile_.name = root_.text_at("name");
    profile_.summary = root_.text_at("summary");
    profile_.origin = file_;
    profile_.default_release = root_.text_at("default-release");
    profile_.package_manager = root_.text_at("package-manager");
    profile_.shell = root_.text_at("shell");
    profile_.shares = read_shares(root_);
    if (const TomlMember* const tools = root_.find("tools")) {
      profile_.tools = read_tools(tools->value);
    }
    if (const TomlMember* const packages = root_.find("packages")) {
      for (const TomlMember& verb : packages->value.members) {
        profile_.package_verbs[verb.key] = verb.value.text;
      }
    }
    if (const TomlMember* const exports = root_.find("exports")) {
      const TomlMember* const automatic = exports->value.find("auto");
      profile_.exports = {.automatic = automatic != nullptr && automatic->value.truth,
                          .apps = exports->value.texts_at("apps"),
                          .binaries = exports->value.texts_at("bins"),
                          .services = exports->value.texts_at("services")};
    }
    const TomlMember* bootstrap = root_.find("bootstrap");
    if (bootstrap != nullptr) {
      profile_.bootstrap_distribution = bootstrap->value.text_at("distribution");
    }
    const TomlMember& releases = *root_.find("release");
    for (const TomlValue& release : releases.value.items) {
      add_release(release);
    }
    if (profile_.releases.empty()) {
      report(releases.value.position, "a profile needs at least one release", "");
    }
    check_name();
    check_default();
    if (!found_.empty()) {
      std::stable_sort(found_.begin(), found_.end(), [](const Diagnostic& a, const Diagnostic& b) {
        return std::tie(a.line, a.column) < std::tie(b.line, b.column);
      });
      return {.diagnostics = std::move(found_)};
    }
    return {.profile = std::move(profile_)};
  }

 private:
  void report(Position position, std::string message, std::string hint) {
    found_.push_back({.file = file_,
                      .line = position.line,
                      .column = position.column,
                      .message = std::move(message),
                      .hint = std::move(hint)});
  }

  /// Each name and alias means one release.
  void claim(const TomlValue& name) {
    const auto [earlier, is_new] = claimed_.emplace(name.text, name.position);
    if (!is_new) {
      report(name.position, format("release '{}' is there twice", name.text),
             format("the first one is at line {}", earlier->second.line));
    }
  }

  void add_release(const TomlValue& table) {
    Release release{.name = table.text_at("name"),
                    .image = table.text_at("image"),
                    .bootstrap_suite = table.text_at("bootstrap"),
                    .package_manager = table.text_at("package-manager")};
    if (const TomlMember* const tools = table.find("tools")) {
      release.tools = read_tools(tools->value);
    }
    claim(table.find("name")->value);
    if (const TomlMember* aliases = table.find("aliases")) {
      for (const TomlValue& alias : aliases->value.items) {
        claim(alias);
        release.aliases.push_back(alias.text);
      }
    }
    const TomlMember* suite = table.find("bootstrap");
    if (suite != nullptr && profile_.bootstrap_distribution.empty()) {
      report(suite->position, "'bootstrap' needs to know the distribution",
             "add [bootstrap] with distribution = \"debian\" or \"ubuntu\"");
    }
    profile_.releases.push_back(std::move(release));
  }

  /// Files are found by name without being read, so the name inside must agree.
  void check_name() {
    const std::string_view stem = stem_of(file_);
    if (!stem.empty() && stem != profile_.name) {
      report(root_.find("name")->value.position,
             format("profile '{}' stands in a file called '{}.toml'", profile_.name,
                    text::sanitize(stem)),
             format("call the file '{}.toml', or change the name", profile_.name));
    }
  }

  void check_default() {
    if (profile_.releases.empty() || claimed_.count(profile_.default_release) != 0) {
      return;
    }
    std::vector<std::string> names;
    for (const auto& [name, position] : claimed_) {
      names.push_back(name);
    }
    const auto close = text::closest(profile_.default_release, names);
    report(root_.find("default-release")->value.position,
           format("no release is called '{}'", profile_.default_release),
           close ? format("did you mean '{}'?", *close) : format("one of: {}", join(names, ", ")));
  }

  const TomlValue& root_;
  const std::string& file_;
  Profile profile_;
  std::map<std::string, Position> claimed_;
  std::vector<Diagnostic> found_;
};

}  // namespace

host::ShareChoice read_shares(const TomlValue& table) {
  return {.on = table.texts_at("share"), .off = table.texts_at("no-share")};
}

Loaded parse_profile(std::string_view text, const std::string& file) {
  const auto root = parse_toml(text, file);
  if (!root) {
    return {.diagnostics = {root.error()}};
  }
  std::vector<Diagnostic> found = check_schema(*root, profile_schema(), file);
  if (!found.empty()) {
    return {.diagnostics = std::move(found)};
  }
  return Builder(*root, file).build();
}

}  // namespace devenv::profiles
