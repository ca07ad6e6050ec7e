// SPDX-License-Identifier: MIT
#include "cmd/task.hpp"

#include "cmd/list.hpp"
#include "cmd/project_run.hpp"
#include "cmd/ui/table.hpp"
#include "env/session/session.hpp"

namespace devenv::cmd {
namespace {

Result<ExitCode> list_tasks(const profiles::Project& project, bool json, Ui& ui) {
  if (json) {
    Json tasks = Json::array();
    for (const profiles::ProjectProgram& task : project.tasks) {
      tasks.push_back({{"name", task.name},
                       {"description", text_or_null(task.description)},
                       {"depends", task.depends}});
    }
    ui.document(Json{{"schema", 1}, {"tasks", std::move(tasks)}});
    return ExitCode::done;
  }
  if (ui.is_quiet()) {
    for (const profiles::ProjectProgram& task : project.tasks) {
      ui.data(task.name + "\n");
    }
    return ExitCode::done;
  }
  Table table{.header = {"TASK", "DESCRIPTION"}};
  for (const profiles::ProjectProgram& task : project.tasks) {
    table.rows.push_back({task.name, text::sanitize(task.description)});
  }
  ui.data(render(table, ui.out_style()));
  return ExitCode::done;
}

}  // namespace

void add_task(CLI::App& app, TaskOptions& options) {
  app.add_option("NAME", options.name, "a task of devenv.toml; without it they are listed");
  add_up_flags(app, options.up);
  add_json_flag(app, options.json);
  app.footer(
      "What it depends on runs before it, and has to succeed. The exit status is the task's. "
      "Words\n"
      "after NAME are given to it.\n"
      "\n"
      "Examples:\n"
      "  devenv task\n"
      "  devenv task test\n"
      "  devenv task test --verbose");
}

Result<ExitCode> run_task(const TaskOptions& options, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const std::string directory, require_project_here());
  if (options.name.empty()) {
    TRY_ASSIGN(const auto loaded, load_checked(directory, options.up.project.variant, context));
    return list_tasks(*loaded.project, options.json, context.ui());
  }
  TRY_ASSIGN(const auto loaded, load_trusted(directory, options.up.project, context));
  const profiles::Project& project = *loaded.project;
  TRY_ASSIGN(auto tasks, in_order(project.tasks, {options.name}, "task"));
  TRY_ASSIGN(const auto environment,
             project_environment(directory, options.up, Outdated::is_told, context));
  TRY(start_with_hook(environment, context));
  const profiles::ProjectProgram last = std::move(tasks.back());
  tasks.pop_back();
  const auto request = [&](const profiles::ProjectProgram& task,
                           const std::vector<std::string>& arguments) {
    return session::EnterRequest{.command = with_arguments(task, arguments),
                                 .umask = context.umask(),
                                 .directory = start_directory(project, task)};
  };
  for (const profiles::ProjectProgram& task : tasks) {
    context.ui().step(format("task '{}'", text::sanitize(task.name)));
    TRY_ASSIGN(const sys::ExitStatus status,
               session::run_command(*workspace, environment, request(task, {}), context.ui()));
    if (!status.success()) {
      context.ui().error(Error(ErrorCode::failed, format("task '{}' {}", text::sanitize(task.name),
                                                         status.to_string())));
      status.end_like_this();
    }
  }
  const Error error =
      session::enter(*workspace, environment, request(last, options.command), context.ui());
  context.ui().error(error);
  return exit_code_of_command(error);
}

}  // namespace devenv::cmd
