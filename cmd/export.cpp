// SPDX-License-Identifier: MIT
#include "cmd/export.hpp"

#include <algorithm>

#include "cmd/export_check.hpp"
#include "cmd/export_list.hpp"
#include "cmd/export_source.hpp"
#include "cmd/export_watch.hpp"
#include "env/instance/catalog.hpp"
#include "env/instance/create.hpp"
#include "env/session/session.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::cmd {
namespace {

using exporting::App;
using exporting::Change;
using exporting::Exporter;
using exporting::Kind;
using exporting::NewExport;

/// The variable may have outlived the environment, in a terminal that was started from inside.
bool called_from_inside(Context& context) {
  const auto workspace = context.workspace();
  const std::string caller = sys::get_variable("DEVENV_CALLER");
  return !caller.empty() && workspace && instance::get_directory(**workspace, caller);
}

/// Typed inside without a name: the environment that it is typed in (the broker says which).
Result<std::string> name_of(const ExportOptions& options) {
  if (options.name) {
    return *options.name;
  }
  std::string caller = sys::get_variable("DEVENV_CALLER");
  if (caller.empty()) {
    return fail(Error(ErrorCode::usage, "which environment?").with_hint("devenv export NAME ..."));
  }
  return caller;
}

/// Without slashes that say nothing.
std::string normal(const std::string& directory) {
  std::string path;
  for (const std::string_view part : text::split(directory, '/')) {
    path += part.empty() || part == "." ? "" : format("/{}", part);
  }
  return path.empty() ? "/" : path;
}

exporting::ExportOptions wishes_of(const ExportOptions& options) {
  exporting::ExportOptions wishes{
      .label = options.label,
      .arguments = options.arguments,
      .variables = options.variables,
      .as_root = options.as_root,
      .directory = options.directory ? std::optional(normal(*options.directory)) : std::nullopt,
      .autostart = options.autostart,
      .bus = options.bus};
  if (wishes.label == "none") {
    wishes.label = "";
  }
  return wishes;
}

Result<App> find_app(const std::string& name, const std::string& query, Exporter& exporter) {
  const auto& apps = exporter.planner().apps().apps;
  const auto found = exporting::choose_apps(apps, query);
  if (found.size() == 1) {
    return found.front();
  }
  std::vector<std::string> ids;
  for (const App& app : found.empty() ? apps : found) {
    ids.push_back(app.id.substr(0, app.id.rfind(".desktop")));
  }
  if (!found.empty()) {
    return fail(Error(ErrorCode::usage, format("several programs are called '{}': {}",
                                               text::sanitize(query), join(ids, ", ")))
                    .with_hint("give the id"));
  }
  const auto similar = text::closest(query, ids);
  return fail(
      Error(ErrorCode::not_found,
            format("there is no program '{}' with an entry for menus", text::sanitize(query)))
          .with_hint(similar ? format("did you mean '{}'?", *similar)
                             : format("what there is: devenv export {} --available", name)));
}

Result<void> export_app(const std::string& name,
                        const std::string& query,
                        Exporter& exporter,
                        const exporting::ExportOptions& wishes,
                        Context& context) {
  TRY_ASSIGN(const App app, find_app(name, query, exporter));
  TRY_ASSIGN(NewExport planned, exporter.planner().app(app, wishes, exporter.ledger()));
  TRY_ASSIGN(const Change change, exporter.put_one(std::move(planned)));
  context.ui().note(change == Change::nothing ? format("'{}' was exported already", app.name)
                                              : format("exported '{}' ({})", app.name, app.id));
  return {};
}

Result<void> export_all_apps(Exporter& exporter,
                             const exporting::ExportOptions& wishes,
                             Context& context) {
  std::vector<NewExport> planned;
  std::vector<std::string> ids;
  const auto leave_out = [&](const std::string& id, const Error& error) {
    context.ui().warn(format("'{}' is left out: {}", id, error.to_line()), error.hint());
  };
  for (const App& app : exporter.planner().apps().apps) {
    if (app.no_display) {
      continue;
    }
    auto wanted = exporter.planner().app(app, wishes, exporter.ledger());
    if (!wanted) {
      leave_out(app.id, wanted.error());
      continue;
    }
    planned.push_back(*std::move(wanted));
    ids.push_back(app.id);
  }
  TRY_ASSIGN(const auto results, exporter.put(std::move(planned)));
  std::size_t count = 0;
  for (std::size_t at = 0; at < results.size(); ++at) {
    if (!results[at]) {
      leave_out(ids[at], results[at].error());
    }
    count += results[at] ? 1U : 0U;
  }
  context.ui().note(format("exported {} programs", count));
  return {};
}

/// The programs of a name in PATH, best first.
std::vector<std::string> programs_called(const std::string& name) {
  std::vector<std::string> found;
  const std::string path = sys::get_variable("PATH");
  for (const std::string_view directory : text::split(path, ':')) {
    std::string candidate = format("{}/{}", directory, name);
    const bool is_new = std::find(found.begin(), found.end(), candidate) == found.end();
    if (directory.starts_with('/') && is_new && sys::exists(candidate)) {
      found.push_back(std::move(candidate));
    }
  }
  return found;
}

/// A command that is not found where it was put, or that takes the place of another one.
void check_path(const std::string& target, Context& context) {
  const std::string directory = sys::parent_of(target);
  const auto found = programs_called(target.substr(directory.size() + 1));
  if (std::find(found.begin(), found.end(), target) == found.end()) {
    context.ui().warn(format("'{}' is not in your PATH", text::sanitize(directory)),
                      "add it in ~/.profile, or choose another place: --export-path DIR");
  } else if (found.front() != target) {
    context.ui().warn(format("'{}' comes before it in your PATH", text::sanitize(found.front())),
                      "");
  } else if (found.size() > 1) {
    context.ui().warn(format("it comes before '{}' in your PATH", text::sanitize(found[1])), "");
  }
}

Result<void> export_binary(const std::string& query,
                           Exporter& exporter,
                           const exporting::ExportOptions& wishes,
                           Context& context) {
  TRY_ASSIGN(NewExport planned, exporter.planner().binary(query, wishes));
  const std::string target = planned.files.front().path;
  TRY(exporter.put_one(std::move(planned)));
  context.ui().note(format("exported '{}'", text::sanitize(target)));
  check_path(target, context);
  return {};
}

Result<void> export_service(const std::string& query,
                            Exporter& exporter,
                            const exporting::ExportOptions& wishes,
                            Context& context) {
  TRY_ASSIGN(NewExport planned, exporter.planner().service(query, wishes, exporter.ledger()));
  const std::string path = planned.files.back().path;
  TRY(exporter.put_one(std::move(planned)));
  context.ui().note(format("exported '{}': systemctl --user enable --now {}", text::sanitize(query),
                           text::sanitize(text::base_name(path))));
  return {};
}

Result<void> export_named(const ExportOptions& options,
                          const std::string& name,
                          Exporter& exporter,
                          Context& context) {
  const exporting::ExportOptions wishes = wishes_of(options);
  for (const std::string& query : options.apps) {
    TRY(export_app(name, query, exporter, wishes, context));
  }
  if (options.all_apps) {
    TRY(export_all_apps(exporter, wishes, context));
  }
  for (const std::string& query : options.binaries) {
    TRY(export_binary(query, exporter, wishes, context));
  }
  for (const std::string& query : options.services) {
    TRY(export_service(query, exporter, wishes, context));
  }
  if (options.launcher) {
    TRY_ASSIGN(NewExport planned, exporter.planner().launcher(wishes));
    TRY(exporter.put_one(std::move(planned)));
    context.ui().note("exported a launcher of the environment");
  }
  return {};
}

Result<void> remove_named(const ExportOptions& options, Exporter& exporter) {
  if (!names_something(options)) {
    return exporter.remove_all();
  }
  std::vector<exporting::Export> meant;
  const auto find_each = [&](Kind kind, const std::vector<std::string>& queries) -> Result<void> {
    for (const std::string& query : queries) {
      TRY_ASSIGN(exporting::Export found, exporter.find(kind, query));
      meant.push_back(std::move(found));
    }
    return {};
  };
  TRY(find_each(Kind::app, options.apps));
  TRY(find_each(Kind::binary, options.binaries));
  TRY(find_each(Kind::service, options.services));
  if (options.launcher) {
    TRY(find_each(Kind::launcher, {"terminal"}));
  }
  for (const exporting::Export& entry : exporter.ledger().exports) {
    if (options.all_apps && entry.kind == Kind::app) {
      meant.push_back(entry);
    }
  }
  return exporter.remove(meant);
}

/// What was taken back may come again.
Result<void> allow_all(const instance::Environment& environment, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(auto writer, exporting::Writer::open(workspace->paths.data, environment));
  return writer.allow_all();
}

/// What is exported already stays: with or without being asked for, it is wanted.
Result<void> set_automatic(const std::string& name, bool automatic, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto environment, instance::get_environment(*workspace, name));
  TRY(instance::change_spec(environment,
                            [&](instance::Spec& spec) { spec.exports.automatic = automatic; }));
  context.ui().note(automatic ? "programs that are installed appear in menus from now on"
                              : "programs that are installed do not appear any more");
  if (automatic) {
    TRY(session::ensure_running(*workspace, environment, context.ui()));
    TRY(allow_all(environment, context));
    session::start_export_watch(environment);
  }
  return {};
}

/// Without taking the environment's word for anything, so that it needs not run.
Result<void> take_back(const ExportOptions& options, const std::string& name, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto place, instance::get_directory(*workspace, name));
  TRY_ASSIGN(auto places, host_places(context));
  TRY_ASSIGN(Exporter exporter,
             Exporter::for_removal(workspace->paths.data, place, std::move(places), context.ui()));
  const auto done = remove_named(options, exporter);
  const auto finished = exporter.finish();
  return done ? finished : done;
}

Result<void> renew(const instance::ExportWishes& wishes, Exporter& exporter, Context& context) {
  TRY_ASSIGN(const std::size_t changed, exporter.renew(wishes, exporting::Gone::forget));
  context.ui().note(changed == 0 ? "everything is as it was" : format("renewed {}", changed));
  return {};
}

Result<void> change(const ExportOptions& options, const std::string& name, Context& context) {
  TRY_ASSIGN(const ExportSource source, open_export_source(name, context));
  TRY_ASSIGN(Exporter exporter, make_exporter(source, context));
  const auto done = options.renew ? renew(source.environment.spec.exports, exporter, context)
                                  : export_named(options, name, exporter, context);
  const auto finished = exporter.finish();
  return done ? finished : done;
}

}  // namespace

void add_export(CLI::App& app, ExportOptions& options) {
  app.add_option("NAME", options.name, "the environment; inside one, that one if left out")
      ->type_name(kind::kEnvironment);
  const auto several = [&](const char* flag, std::vector<std::string>& values, const char* what,
                           const char* type) {
    app.add_option(flag, values, what)->type_name(type)->allow_extra_args(false);
  };
  several("--app", options.apps, "a graphical program, by id, name or path of its desktop entry",
          "ID|NAME|PATH");
  several("--bin", options.binaries, "a command, by name or path", "NAME|PATH");
  several("--service", options.services, "a service, for the user's service manager here", "UNIT");
  app.add_flag("--all-apps", options.all_apps, "every graphical program with an entry in menus");
  app.add_flag("--launcher", options.launcher, "an entry in menus for a terminal in it");
  app.add_flag("--delete", options.remove, "take back what is named, or everything");
  app.add_flag("--sync", options.renew,
               "renew what is exported, and take back what is gone inside");
  app.add_flag("--auto", options.automatic,
               "from now on: programs that are installed appear, those removed go");
  app.add_flag("--no-auto", options.not_automatic, "not any more");
  app.add_flag("--watch", options.watch, "renew at every change inside until it ends");
  app.add_flag("--list", options.list, "what is exported; without NAME of all environments");
  app.add_flag("--available", options.available, "what could be");
  app.add_option("--label", options.label, "put after the name in menus; 'none' for nothing")
      ->type_name("TEXT");
  several("--arg", options.arguments, "give the program this argument, before the caller's",
          "TEXT");
  several("-e,--env", options.variables, "set a variable for the program", "NAME=VALUE");
  app.add_flag("--root", options.as_root, "run it as root inside");
  app.add_flag("--autostart", options.autostart, "start the program with the session, too");
  app.add_flag("--dbus", options.bus, "let D-Bus start the program, too");
  app.add_option("--export-path", options.directory, "where commands go; default ~/.local/bin")
      ->type_name("DIR");
  add_json_flag(app, options.json);
  app.footer(
      "Examples:\n"
      "  devenv export fedora --app gimp\n"
      "  devenv export fedora --bin rg --bin fd\n"
      "  devenv export fedora --delete --app gimp");
}

Result<ExitCode> run_export(const ExportOptions& options, Context& context) {
  TRY(check_export(options));
  if (options.list && !options.name && !called_from_inside(context)) {
    return list_exports(std::nullopt, options.json, context);
  }
  TRY_ASSIGN(const std::string name, name_of(options));
  if (options.list) {
    return list_exports(name, options.json, context);
  }
  if (options.available) {
    return list_available(name, options.json, context);
  }
  if (options.watch) {
    TRY(watch_exports(name, context));
  } else if (options.automatic || options.not_automatic) {
    TRY(set_automatic(name, options.automatic, context));
  } else if (options.remove) {
    TRY(take_back(options, name, context));
  } else {
    TRY(change(options, name, context));
  }
  return ExitCode::done;
}

}  // namespace devenv::cmd
