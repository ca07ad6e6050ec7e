// SPDX-License-Identifier: MIT
#include "env/image/fetch/nested_root.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/base/text.hpp"
#include "env/image/fetch/elf_architecture.hpp"
#include "env/image/fetch/pack_task.hpp"
#include "env/image/fetch/root_task.hpp"
#include "env/sys/file.hpp"
#include "env/sys/tree.hpp"

namespace devenv::image::fetch {
namespace {

/// Of these a root has some, and a directory that holds one has none.
constexpr std::array<std::string_view, 8> kOfRoots = {"bin",  "dev",  "etc", "lib",
                                                      "proc", "sbin", "usr", "var"};
constexpr std::ptrdiff_t kEnough = 2;
/// What is put aside while its place is made; never a name that prune does not know.
constexpr const char* kLifted = "lifted";
constexpr const char* kFindings = "findings.json";

bool is_root(const std::vector<std::string>& names) {
  const auto known = [&](std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  return std::count_if(kOfRoots.begin(), kOfRoots.end(), known) >= kEnough;
}

std::vector<std::string> names_of(const std::vector<TopEntry>& top) {
  std::vector<std::string> names;
  for (const TopEntry& entry : top) {
    names.push_back(entry.name);
  }
  return names;
}

bool has(const std::vector<TopEntry>& top, std::string_view name) {
  return std::any_of(top.begin(), top.end(),
                     [&](const TopEntry& entry) { return entry.name == name; });
}

Result<std::vector<TopEntry>> read_top(int root) {
  std::vector<TopEntry> top;
  TRY_ASSIGN(sys::UniqueFd listed, sys::open_at(root, ".", O_RDONLY | O_DIRECTORY));
  TRY_ASSIGN(const auto names, sys::list_directory(std::move(listed)));
  for (const std::string& name : names) {
    TopEntry entry{.name = name};
    TRY_ASSIGN(const auto info, sys::stat_at(root, name));
    entry.is_directory = info && S_ISDIR(info->st_mode);
    if (entry.is_directory) {
      TRY_ASSIGN(sys::UniqueFd inner,
                 sys::open_at(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
      TRY_ASSIGN(entry.names, sys::list_directory(std::move(inner)));
    }
    top.push_back(std::move(entry));
  }
  return top;
}

/// What the process that may look into the tree has to tell.
struct Findings {
  std::string nested;
  std::string architecture;
  bool has_templates = false;
};

Result<void> write_findings(const std::string& directory, const Findings& findings) {
  const Json json{{"nested", text::sanitize(findings.nested)},
                  {"architecture", findings.architecture},
                  {"templates", findings.has_templates}};
  return sys::replace_file(format("{}/{}", directory, kFindings), json::dump(json), 0644);
}

Result<std::optional<Findings>> take_findings(const std::string& directory) {
  const std::string file = format("{}/{}", directory, kFindings);
  TRY_ASSIGN(const auto contents, sys::read_file_if_exists(file));
  if (!contents) {
    return std::nullopt;
  }
  TRY_ASSIGN(const Json json, json::parse(*contents));
  TRY(sys::remove_file(file));
  const Json* const templates = json::find(json, "templates");
  return std::optional(Findings{json::string_or(json, "nested", ""),
                                json::string_or(json, "architecture", ""),
                                templates != nullptr && *templates == Json(true)});
}

/// As root of the namespace.
Result<void> lift(const std::string& directory) {
  const std::string tree = directory + "/fs";
  Findings findings;
  {
    TRY_ASSIGN(const sys::UniqueFd root, sys::open_file(tree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    TRY_ASSIGN(const std::vector<TopEntry> top, read_top(root.get()));
    if (is_metadata_only(top)) {
      return fail(Error(ErrorCode::integrity,
                        "it is the metadata of an LXC image, not its root file system")
                      .with_hint("that is in rootfs.tar.xz or rootfs.squashfs beside it"));
    }
    findings.nested = nested_root(top);
    findings.has_templates = has(top, "metadata.yaml") && has(top, "templates");
    if (findings.nested.empty()) {
      return {};
    }
    TRY_ASSIGN(const sys::UniqueFd nested,
               sys::open_at(root.get(), findings.nested, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    findings.architecture = architecture_of_tree(nested.get());
  }
  const std::string lifted = format("{}/{}", directory, kLifted);
  TRY(sys::rename_no_replace(format("{}/{}", tree, findings.nested), lifted));
  TRY(sys::remove_tree(tree));
  TRY(sys::rename_no_replace(lifted, tree));
  return write_findings(directory, findings);
}

}  // namespace

std::string nested_root(const std::vector<TopEntry>& top) {
  if (is_root(names_of(top))) {
    return "";
  }
  std::string found;
  for (const TopEntry& entry : top) {
    if (!entry.is_directory || !is_root(entry.names)) {
      continue;
    }
    if (!found.empty()) {
      return "";
    }
    found = entry.name;
  }
  return found;
}

bool is_metadata_only(const std::vector<TopEntry>& top) {
  return (has(top, "metadata.yaml") || has(top, "create-message")) && !is_root(names_of(top)) &&
         nested_root(top).empty();
}

Result<void> lift_nested_root(const Context& context,
                              const std::string& directory,
                              LayerOutcome& outcome) {
  TRY(run_as_root(context, [&] { return lift(directory); }));
  TRY_ASSIGN(const auto findings, take_findings(directory));
  if (!findings) {
    return {};
  }
  for (const LowerHardLink& link : outcome.unpacked.lower_hard_links) {
    if (text::sanitize(link.path).starts_with(findings->nested + "/")) {
      return fail(ErrorCode::integrity,
                  format("'{}' is a hard link to '{}', which is not there",
                         text::sanitize(link.path), text::sanitize(link.target)));
    }
  }
  context.reporter.step(format("the root file system is in its directory '{}'", findings->nested));
  if (findings->has_templates) {
    context.reporter.step("LXD's templates are not applied");
  }
  TRY_ASSIGN(outcome, pack_as_root(context, {.id = findings->nested, .tree = directory + "/fs"}));
  outcome.architecture = findings->architecture;
  return {};
}

}  // namespace devenv::image::fetch
