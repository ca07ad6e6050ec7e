// SPDX-License-Identifier: MIT
// All checks on the machine that runs the tests.
#include "env/doctor/doctor.hpp"

#include <doctest/doctest.h>

#include <set>

#include "env/sys/file.hpp"

namespace devenv::doctor {
namespace {

class DoctorFixture {
 public:
  DoctorFixture()
      : directory(sys::TemporaryDirectory::create("/var/tmp", "devenv-doctor-test-").value()) {
    workspace.paths.data = directory.path() + "/data/devenv";
    workspace.user = sys::current_user().value();
    workspace.libexec = directory.path();
  }

  const Finding& finding(const std::vector<Finding>& findings, const std::string& id) const {
    for (const Finding& each : findings) {
      if (each.id == id) {
        return each;
      }
    }
    FAIL("no finding " << id);
    return findings.front();
  }

  sys::TemporaryDirectory directory;
  instance::Workspace workspace;
};

}  // namespace

TEST_CASE_FIXTURE(DoctorFixture, "doctor: one finding per check, with a hint unless all is well") {
  const std::vector<Finding> findings = run_checks(workspace);
  std::set<std::string> ids;
  for (const Finding& each : findings) {
    CAPTURE(each.id);
    CAPTURE(each.detail);
    MESSAGE(each.id << ": " << to_string(each.status) << ": " << each.detail << " [" << each.hint
                    << "]");
    CHECK(ids.insert(each.id).second);
    CHECK_FALSE(each.title.empty());
    CHECK_FALSE(each.detail.empty());
    CHECK(each.hint.empty() == (each.status == Status::pass));
  }
  CHECK(findings.size() == 14);
}

TEST_CASE_FIXTURE(DoctorFixture, "doctor: leaves nothing behind and makes nothing") {
  (void)run_checks(workspace);
  CHECK(sys::list_directory(directory.path()).value().empty());
}

TEST_CASE_FIXTURE(DoctorFixture, "doctor: finds the programs where the workspace says") {
  CHECK(finding(run_checks(workspace), "programs").status == Status::fail);
  for (const std::string& program : {workspace.image_program(), workspace.guest_program()}) {
    REQUIRE(sys::write_file_atomic(program, "", 0755));
  }
  CHECK(finding(run_checks(workspace), "programs").status == Status::pass);
}

}  // namespace devenv::doctor
