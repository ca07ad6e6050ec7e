// SPDX-License-Identifier: MIT
#include "cmd/doctor_exports.hpp"

#include "cmd/export_source.hpp"
#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/export/check_files.hpp"
#include "env/instance/catalog.hpp"

namespace devenv::cmd {
namespace {

using doctor::Finding;
using doctor::Status;

std::string named(const std::vector<std::string>& paths) {
  constexpr std::size_t kMost = 3;
  std::vector<std::string> shown(
      paths.begin(), paths.begin() + static_cast<std::ptrdiff_t>(std::min(paths.size(), kMost)));
  const std::string more =
      paths.size() > kMost ? format(" and {} more", paths.size() - kMost) : std::string();
  return join(shown, ", ") + more;
}

Finding finding(const std::string& environment,
                Status status,
                std::string detail,
                std::string hint) {
  return {.id = "exports",
          .title = environment.empty() ? "exports" : format("exports of {}", environment),
          .status = status,
          .detail = std::move(detail),
          .hint = std::move(hint)};
}

Finding check_ledger(const std::string& name, const exporting::Ledger& ledger) {
  if (!ledger.environment.empty() && ledger.environment != name) {
    return finding(name, Status::warn,
                   format("they still start '{}', as it was called", ledger.environment),
                   format("devenv export {} --sync", name));
  }
  const exporting::DamagedFiles damaged = exporting::find_damaged(ledger);
  if (damaged.missing.empty() && damaged.changed.empty()) {
    return finding(name, Status::pass,
                   format("{} on this host, as they were written", ledger.exports.size()), "");
  }
  std::vector<std::string> details;
  if (!damaged.missing.empty()) {
    details.push_back("gone: " + named(damaged.missing));
  }
  if (!damaged.changed.empty()) {
    details.push_back("changed by somebody else: " + named(damaged.changed));
  }
  return finding(
      name, Status::warn, join(details, "; "),
      damaged.changed.empty()
          ? format("devenv export {} --sync", name)
          : format("move those away that were changed, then: devenv export {} --sync", name));
}

}  // namespace

std::vector<Finding> check_exports(const std::string& name, Context& context) {
  std::vector<Finding> findings;
  const auto workspace = context.workspace();
  const auto listing = workspace ? instance::list_environments(**workspace)
                                 : Result<instance::Listing>(fail(workspace.error()));
  const auto places = host_places(context);
  if (!listing || !places) {
    return findings;  // told by other checks
  }
  std::set<std::string> known;
  bool all_known = true;
  for (const instance::EnvironmentDirectory& place : listing->directories()) {
    const auto ledger = exporting::load_ledger(place);
    const std::string& environment = place.name.string();
    const bool is_meant = name.empty() || name == environment;
    if (!ledger) {
      all_known = false;
      if (is_meant) {
        findings.push_back(finding(environment, Status::warn, ledger.error().to_line(),
                                   "what it exported has to be taken back by hand"));
      }
      continue;
    }
    known.merge(exporting::paths_of(*ledger));
    if (is_meant && !ledger->exports.empty()) {
      findings.push_back(check_ledger(environment, *ledger));
    }
  }
  if (!name.empty() || !all_known) {
    return findings;
  }
  const auto orphans = exporting::find_orphans(*places, known);
  if (!orphans.empty()) {
    std::vector<std::string> quoted;
    for (const std::string& path : orphans) {
      quoted.push_back(text::shell_quote(path));
    }
    findings.push_back(
        finding("", Status::warn,
                format("of no environment, but they say that devenv made them: {}", named(orphans)),
                format("look at them, then: rm {}", join(quoted, " "))));
  }
  return findings;
}

}  // namespace devenv::cmd
