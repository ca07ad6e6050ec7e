// SPDX-License-Identifier: MIT
// From the [packages] of a project to what is run. Pure.
#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "profiles/package_manager.hpp"

namespace devenv::profiles {
namespace {

/// Makes $1, which is a URL, a file of that name. apt has a program that downloads, and images for
/// it often have no other.
constexpr std::string_view kFetchKey = R"(url=$1
file=${url%%\?*}; file=$(mktemp -d)/${file##*/} || exit
if command -v curl >/dev/null; then curl -fsSL -o "$file" "$url"
elif command -v wget >/dev/null; then wget -q -O "$file" "$url"
elif [ -x /usr/lib/apt/apt-helper ]; then /usr/lib/apt/apt-helper download-file "$url" "$file"
else echo "nothing in this image downloads $url: make the key a file of the project" >&2; exit 1
fi || exit
chmod 755 "${file%/*}" && chmod 644 "$file" || exit
set -- "$file"
)";

bool is_url(std::string_view text) {
  return text.find("://") != std::string_view::npos;
}

void add_new(std::vector<std::string>& onto, const std::vector<std::string>& more) {
  for (const std::string& each : more) {
    if (std::find(onto.begin(), onto.end(), each) == onto.end()) {
      onto.push_back(each);
    }
  }
}

/// "Debian GNU/Linux" has its profile's name, anything else the manager's.
std::string described(const PackageManager& manager, const Profile* base) {
  return base == nullptr ? manager.name : base->name;
}

Error cannot(const PackageManager& manager, std::string_view what, std::string_view key) {
  return Error(ErrorCode::usage, format("{} cannot {}", manager.name, what))
      .with_hint(format("remove '{}' from [packages]", key));
}

/// All packages that are asked for, each once, in the order of the project.
Result<std::vector<std::string>> wanted_packages(const Project& project,
                                                 const PackageManager& manager,
                                                 const Profile* base) {
  std::vector<std::string> wanted;
  for (const std::string& tool : project.tools) {
    const auto packages = manager.tools.find(tool);
    if (packages == manager.tools.end() || packages->second.empty()) {
      return fail(Error(ErrorCode::usage,
                        format("{} has no package for '{}'", described(manager, base), tool))
                      .with_hint("take it out of 'tools', and install it in a [[setup]] step"));
    }
    add_new(wanted, packages->second);
  }
  // What is for dnf is for its predecessor, too.
  const std::string own = manager.name == "yum" ? "dnf" : manager.name;
  for (const std::string& list : {std::string(), own}) {
    if (const auto packages = project.packages.find(list); packages != project.packages.end()) {
      add_new(wanted, packages->second);
    }
  }
  return wanted;
}

}  // namespace

Result<std::vector<ShellStep>> package_steps(const Project& project,
                                             const PackageManager& manager,
                                             const Profile* base) {
  TRY_ASSIGN(std::vector<std::string> packages, wanted_packages(project, manager, base));
  if (!project.keys.empty() && manager.add_key.empty()) {
    return fail(cannot(manager, "be given keys", "keys"));
  }
  if (!project.repositories.empty() && manager.add_repository.empty()) {
    return fail(cannot(manager, "be given repositories", "repositories"));
  }
  if (!project.snapshot.empty() && manager.snapshot.empty()) {
    return fail(cannot(manager, "install the packages of a day", "snapshot"));
  }
  std::vector<ShellStep> steps;
  for (const std::string& key : project.keys) {
    if (is_url(key)) {
      steps.push_back({std::string(kFetchKey) + manager.add_key, {key}});
    } else {
      steps.push_back({manager.add_key, {format("{}/{}", project.directory, key)}});
    }
  }
  for (const std::string& repository : project.repositories) {
    steps.push_back({manager.add_repository, {repository}});
  }
  if (!project.snapshot.empty()) {
    steps.push_back({manager.snapshot, {project.snapshot}});
  }
  if (!packages.empty()) {
    steps.push_back({manager.refresh, {}});
    steps.push_back({manager.install, std::move(packages)});
  }
  if (!steps.empty()) {
    steps.push_back({manager.clean, {}});
  }
  return steps;
}

std::vector<std::string> package_inputs(const Project& project) {
  std::vector<std::string> files;
  for (const std::string& key : project.keys) {
    if (!is_url(key)) {
      files.push_back(key);
    }
  }
  return files;
}

}  // namespace devenv::profiles
