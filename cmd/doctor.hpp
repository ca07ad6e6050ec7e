// SPDX-License-Identifier: MIT
// devenv doctor
#pragma once

#include <string>
#include <vector>

#include "cmd/cli.hpp"
#include "env/base/json.hpp"
#include "env/doctor/doctor.hpp"

namespace devenv::cmd {

struct DoctorOptions {
  std::string name;  ///< empty: the host
  bool json = false;
};
void add_doctor(CLI::App& app, DoctorOptions& options);
Result<ExitCode> run_doctor(const DoctorOptions& options, Context& context);

std::string doctor_text(const std::vector<doctor::Finding>& findings, const Style& style);
Json doctor_document(const std::vector<doctor::Finding>& findings);

}  // namespace devenv::cmd
