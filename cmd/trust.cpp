// SPDX-License-Identifier: MIT
#include "cmd/trust.hpp"

#include "cmd/project_load.hpp"
#include "cmd/project_record.hpp"

namespace devenv::cmd {
namespace {

/// The lines of a file that are new, and those that are gone.
void show_changes(const std::string& before, const std::string& now, Ui& ui) {
  const auto old_lines = text::lines(before);
  const auto new_lines = text::lines(now);
  const auto has = [](const auto& lines, std::string_view line) {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  };
  for (const std::string_view line : old_lines) {
    if (!has(new_lines, line)) {
      ui.note("  - " + text::sanitize(line));
    }
  }
  for (const std::string_view line : new_lines) {
    if (!has(old_lines, line)) {
      ui.note("  + " + text::sanitize(line));
    }
  }
}

void show_files(const profiles::LoadedProject& loaded,
                const profiles::TrustRecord& record,
                Ui& ui) {
  for (const profiles::ProjectSource& source : loaded.sources) {
    const auto before = std::find_if(record.allowed.begin(), record.allowed.end(),
                                     [&](const auto& each) { return each.path == source.path; });
    const bool is_new = before == record.allowed.end();
    if (!is_new && before->contents == source.contents) {
      continue;
    }
    ui.note(format("{} {}", text::sanitize(source.path),
                   record.allowed.empty() ? "is read"
                   : is_new               ? "is new"
                                          : "has changed:"));
    if (!is_new) {
      show_changes(before->contents, source.contents, ui);
    }
  }
}

}  // namespace

void add_allow(CLI::App& app, AllowOptions& options) {
  add_yes_flag(app, options.yes);
  app.footer(
      "Says what the project's devenv.toml asks for, and lets it have that, as long as neither it "
      "nor\n"
      "a file that it reads changes. Nothing of a project is run, mounted or exported before.");
}

Result<ExitCode> run_allow(const AllowOptions& options, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const std::string directory, require_project_here());
  TRY_ASSIGN(const auto loaded, load_checked(directory, "", context));
  const std::string& data = workspace->paths.data;
  const auto record = profiles::look_up_trust(data, directory, loaded.sources);
  Ui& ui = context.ui();
  if (record.trust == profiles::Trust::allowed) {
    ui.note(format("{} is allowed already", text::sanitize(directory)));
    return ExitCode::done;
  }
  show_files(loaded, record, ui);
  ui.note("it asks for:");
  for (const std::string& line : in_plain_words(loaded, workspace->user.home)) {
    ui.note("  " + line);
  }
  if (!options.yes && ui.can_ask()) {
    TRY_ASSIGN(const bool yes, ui.confirm("allow it?", "--yes"));
    if (!yes) {
      ui.note("nothing was allowed");
      return ExitCode::failed;
    }
  }
  TRY(profiles::allow_project(data, directory, loaded.sources));
  ui.note(format("allowed {}", text::sanitize(directory)));
  return ExitCode::done;
}

void add_deny(CLI::App& app, DenyOptions& /*options*/) {
  app.footer(
      "Whatever the project's files say, now and later, until devenv allow. Its environment is "
      "left "
      "as\n"
      "it is.");
}

Result<ExitCode> run_deny(const DenyOptions& /*options*/, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const std::string directory, require_project_here());
  TRY(profiles::deny_project(workspace->paths.data, directory));
  TRY(forget_stamps(workspace->paths.data, directory));
  context.ui().note(format("denied {}", text::sanitize(directory)));
  return ExitCode::done;
}

}  // namespace devenv::cmd
