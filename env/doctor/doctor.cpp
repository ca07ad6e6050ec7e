// SPDX-License-Identifier: MIT
#include "env/doctor/doctor.hpp"

#include <array>

#include "env/doctor/checks_internal.hpp"

namespace devenv::doctor {
namespace {

struct Check {
  std::string_view id;
  std::string_view title;
  Result<Verdict> (*run)(Context& context);
};

/// In the order in which one thing needs another: the first failure is the one to put right.
constexpr std::array<Check, 14> kChecks = {{
    {"programs", "programs of devenv", check_programs},
    {"kernel", "kernel", check_kernel},
    {"user-namespaces", "user namespaces", check_user_namespaces},
    {"id-helpers", "newuidmap and newgidmap", check_id_helpers},
    {"id-ranges", "subordinate ids", check_id_ranges},
    {"id-map", "id map", check_id_map},
    {"overlay", "kernel overlay", check_overlay},
    {"fuse-overlayfs", "fuse-overlayfs", check_fuse_overlayfs},
    {"store-file-system", "file system of the store", check_store_file_system},
    {"store-mount", "mount of the store", check_store_mount},
    {"store-space", "free space", check_store_space},
    {"records", "images and environments", check_records},
    {"runtime-directory", "runtime directory", check_runtime_directory},
    {"bootstrap", "bootstrap without a registry", check_bootstrap},
}};

Finding run_check(const Check& check, Context& context) {
  Finding finding{.id = std::string(check.id), .title = std::string(check.title)};
  auto verdict = check.run(context);
  if (!verdict) {
    finding.status = Status::fail;
    finding.detail = "cannot be checked: " + verdict.error().to_line();
    finding.hint = verdict.error().hint();
    return finding;
  }
  finding.status = verdict->status;
  finding.detail = std::move(verdict->detail);
  finding.hint = std::move(verdict->hint);
  return finding;
}

}  // namespace

std::string_view to_string(Status status) {
  switch (status) {
    case Status::pass:
      return "pass";
    case Status::off:
      return "off";
    case Status::warn:
      return "warn";
    case Status::fail:
      return "fail";
  }
  return "fail";
}

std::vector<Finding> run_checks(const instance::Workspace& workspace) {
  Context context(workspace, read_distribution(),
                  sys::credentials().value_or(sys::Credentials{.uid = workspace.user.uid.get(),
                                                               .gid = workspace.user.gid.get()}));
  std::vector<Finding> findings;
  findings.reserve(kChecks.size());
  for (const Check& check : kChecks) {
    findings.push_back(run_check(check, context));
  }
  return findings;
}

}  // namespace devenv::doctor
