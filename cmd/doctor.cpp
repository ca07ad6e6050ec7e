// SPDX-License-Identifier: MIT
#include "cmd/doctor.hpp"

#include <algorithm>

#include "cmd/doctor_exports.hpp"
#include "cmd/list.hpp"
#include "env/instance/catalog.hpp"
#include "env/session/session.hpp"

namespace devenv::cmd {
namespace {

/// All of one width.
std::string label(doctor::Status status, const Style& style) {
  switch (status) {
    case doctor::Status::pass:
      return style.paint(Color::green, "pass");
    case doctor::Status::off:
      return "off ";
    case doctor::Status::warn:
      return style.paint(Color::yellow, "warn");
    case doctor::Status::fail:
      return style.paint(Color::red, "FAIL");
  }
  return "FAIL";
}

Result<std::vector<doctor::Finding>> look_at_environment(const std::string& name,
                                                         const instance::Workspace& workspace) {
  TRY_ASSIGN(const auto environment, instance::get_environment(workspace, name));
  TRY_ASSIGN(const auto running, session::find_running(environment));
  doctor::EnvironmentState state{.environment = environment};
  state.shares = session::describe_shares(workspace, environment);
  if (running) {
    state.started_at = running->record.started_at;
    state.changes_wait = !host::same_wishes(running->record.shares, environment.spec.shares);
    state.host_socket = session::host_socket_outside(*running);
  }
  return doctor::check_environment(workspace, state);
}

}  // namespace

void add_doctor(CLI::App& app, DoctorOptions& options) {
  app.add_option("NAME", options.name, "look at this environment instead of the machine")
      ->type_name(kind::kEnvironment);
  add_json_flag(app, options.json);
  app.footer("The exit status is 5 when something that is needed is missing.");
}

std::string doctor_text(const std::vector<doctor::Finding>& findings, const Style& style) {
  std::string lines;
  for (const doctor::Finding& finding : findings) {
    lines += label(finding.status, style) + "  " + text::sanitize(finding.title);
    lines += finding.detail.empty() ? "\n" : ": " + text::sanitize(finding.detail) + "\n";
    std::string lead = "      " + style.paint(Color::cyan, "hint:") + " ";
    for (const std::string_view line : text::lines(finding.hint)) {
      lines += lead + text::sanitize(line) + "\n";
      lead = "            ";
    }
  }
  return lines;
}

Json doctor_document(const std::vector<doctor::Finding>& findings) {
  Json checks = Json::array();
  for (const doctor::Finding& finding : findings) {
    checks.push_back(Json{{"id", finding.id},
                          {"title", finding.title},
                          {"status", doctor::to_string(finding.status)},
                          {"detail", finding.detail},
                          {"hint", text_or_null(finding.hint)}});
  }
  return Json{{"schema", 1}, {"checks", std::move(checks)}};
}

Result<ExitCode> run_doctor(const DoctorOptions& options, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  std::vector<doctor::Finding> findings;
  if (options.name.empty()) {
    findings = doctor::run_checks(*workspace);
  } else {
    TRY_ASSIGN(findings, look_at_environment(options.name, *workspace));
  }
  const auto exports = check_exports(options.name, context);
  findings.insert(findings.end(), exports.begin(), exports.end());
  if (options.json) {
    context.ui().document(doctor_document(findings));
  } else {
    context.ui().data(doctor_text(findings, context.ui().out_style()));
  }
  const bool able = std::none_of(findings.begin(), findings.end(), [](const auto& finding) {
    return finding.status == doctor::Status::fail;
  });
  return able ? ExitCode::done : ExitCode::unsupported;
}

}  // namespace devenv::cmd
