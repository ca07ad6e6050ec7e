// SPDX-License-Identifier: MIT
#include "cmd/profile.hpp"

#include <algorithm>

#include "cmd/list.hpp"
#include "cmd/origin.hpp"
#include "cmd/ui/table.hpp"
#include "env/sys/file.hpp"
#include "profiles/package_manager.hpp"
#include "profiles/project.hpp"
#include "profiles/schema.hpp"

namespace devenv::cmd {
namespace {

Json document_of(const profiles::Profile& profile) {
  Json releases = Json::array();
  for (const profiles::Release& release : profile.releases) {
    releases.push_back(Json{{"name", release.name},
                            {"aliases", release.aliases},
                            {"image", release.image},
                            {"bootstrap", text_or_null(release.bootstrap_suite)}});
  }
  return Json{{"name", profile.name},
              {"summary", profile.summary},
              {"origin", profile.origin},
              {"default_release", profile.default_release},
              {"package_manager", profile.package_manager},
              {"bootstrap_distribution", text_or_null(profile.bootstrap_distribution)},
              {"releases", std::move(releases)}};
}

/// With what its default release's package manager is run with.
Result<Json> full_document_of(const profiles::Profile& profile) {
  TRY_ASSIGN(const auto release, profiles::choose_release(profile, ""));
  TRY_ASSIGN(const auto manager, profiles::find_package_manager(profile, release));
  Json document = document_of(profile);
  document["shell"] = text_or_null(profile.shell);
  document["tools"] = Json::object();
  for (const auto& [tool, packages] : manager.tools) {
    document["tools"][tool] = packages;
  }
  document["verbs"] = Json{{"refresh", manager.refresh},
                           {"install", manager.install},
                           {"remove", manager.remove},
                           {"upgrade", manager.upgrade},
                           {"list", manager.list},
                           {"clean", manager.clean},
                           {"add-repository", text_or_null(manager.add_repository)},
                           {"add-key", text_or_null(manager.add_key)},
                           {"snapshot", text_or_null(manager.snapshot)}};
  return document;
}

/// All profiles that can be read; the others are warned of.
Result<std::vector<profiles::Profile>> readable_profiles(Context& context) {
  TRY_ASSIGN(const profiles::Catalog catalog, context.profiles());
  TRY_ASSIGN(const std::vector<std::string> names, catalog.names());
  std::vector<profiles::Profile> all;
  for (const std::string& name : names) {
    auto profile = catalog.find(name);
    if (!profile) {
      context.ui().warn(profile.error().to_line(), format("devenv profile check {}", name));
    } else if (*profile) {
      all.push_back(**std::move(profile));
    }
  }
  return all;
}

/// A file is shown as it is, but never acts on the terminal.
std::string safe_lines(const std::string& source) {
  std::string safe;
  for (const std::string_view line : text::lines(source)) {
    safe += text::sanitize(line) + "\n";
  }
  return safe;
}

}  // namespace

void add_profile_list(CLI::App& app, ProfileListOptions& options) {
  add_json_flag(app, options.json);
  app.footer(
      "RELEASE is the one that is taken when none is named. With --quiet, only the names are "
      "printed.");
}

Result<ExitCode> run_profile_list(const ProfileListOptions& options, Context& context) {
  Ui& ui = context.ui();
  TRY_ASSIGN(const auto all, readable_profiles(context));
  if (options.json) {
    Json list = Json::array();
    std::transform(all.begin(), all.end(), std::back_inserter(list), document_of);
    ui.document(Json{{"schema", 1}, {"profiles", std::move(list)}});
    return ExitCode::done;
  }
  Table table{.header = {"NAME", "RELEASE", "ORIGIN", "SUMMARY"}};
  for (const profiles::Profile& profile : all) {
    if (ui.is_quiet()) {
      ui.data(profile.name + "\n");
    }
    table.rows.push_back({profile.name, profile.default_release, profile.origin, profile.summary});
  }
  if (!ui.is_quiet()) {
    ui.data(render(table, ui.out_style()));
  }
  return ExitCode::done;
}

void add_profile_show(CLI::App& app, ProfileShowOptions& options) {
  app.add_option("NAME", options.name, "the profile")->type_name(kind::kProfile)->required();
  add_json_flag(app, options.json);
  app.footer(
      "What is printed is the profile's own text, to start your own from:\n"
      "  devenv profile show debian > ~/.config/devenv/profiles/debian.toml");
}

Result<ExitCode> run_profile_show(const ProfileShowOptions& options, Context& context) {
  TRY_ASSIGN(const profiles::Catalog catalog, context.profiles());
  if (options.json) {
    // The profile as it is understood; a malformed one cannot be.
    TRY_ASSIGN(const auto profile, catalog.find(options.name));
    if (profile) {
      TRY_ASSIGN(Json document, full_document_of(*profile));
      context.ui().document(Json{{"schema", 1}, {"profile", std::move(document)}});
      return ExitCode::done;
    }
  }
  TRY_ASSIGN(const std::string source, catalog.source(options.name));
  context.ui().data(safe_lines(source));
  return ExitCode::done;
}

void add_profile_check(CLI::App& app, ProfileCheckOptions& options) {
  app.add_option(
         "NAME|FILE", options.subject,
         "a profile or a file, a devenv.toml too; the project's and all profiles if none is "
         "given")
      ->type_name(kind::kProfileOrFile);
  add_json_flag(app, options.json);
  app.footer("Mistakes are printed as FILE:LINE:COLUMN: MESSAGE, and the exit status is 1.");
}

Result<ExitCode> run_profile_check(const ProfileCheckOptions& options, Context& context) {
  TRY_ASSIGN(const profiles::Catalog catalog, context.profiles());
  std::vector<std::string> subjects;
  if (options.subject) {
    subjects.push_back(*options.subject);
  } else {
    TRY_ASSIGN(subjects, catalog.names());
    TRY_ASSIGN(const std::string here, sys::canonical_path("."));
    if (const auto project = profiles::find_project(here)) {
      subjects.insert(subjects.begin(), format("{}/{}", *project, profiles::kProjectFile));
    }
  }
  std::vector<profiles::Diagnostic> diagnostics;
  for (const std::string& subject : subjects) {
    TRY_ASSIGN(const auto found, catalog.check(subject));
    diagnostics.insert(diagnostics.end(), found.begin(), found.end());
  }
  if (options.json) {
    Json list = Json::array();
    for (const profiles::Diagnostic& diagnostic : diagnostics) {
      list.push_back(Json{{"file", diagnostic.file},
                          {"line", diagnostic.line},
                          {"column", diagnostic.column},
                          {"message", diagnostic.message},
                          {"hint", text_or_null(diagnostic.hint)}});
    }
    context.ui().document(Json{{"schema", 1}, {"diagnostics", std::move(list)}});
  } else {
    for (const profiles::Diagnostic& diagnostic : diagnostics) {
      context.ui().data(text::sanitize(diagnostic.to_string()) + "\n");
      if (!diagnostic.hint.empty()) {
        context.ui().data("  hint: " + text::sanitize(diagnostic.hint) + "\n");
      }
    }
  }
  return diagnostics.empty() ? ExitCode::done : ExitCode::failed;
}

void add_profile_schema(CLI::App& app, ProfileSchemaOptions& options) {
  only(app.add_option("KIND", options.kind, "of which file: devenv.toml, or a profile"),
       {"project", "profile"});
  app.footer("A JSON Schema, by which editors complete and check what is written.");
}

Result<ExitCode> run_profile_schema(const ProfileSchemaOptions& options, Context& context) {
  const bool is_project = options.kind == "project";
  const Json schema = is_project
                          ? profiles::schema_json(profiles::project_schema(), "devenv.toml")
                          : profiles::schema_json(profiles::profile_schema(), "devenv profile");
  context.ui().document(schema);
  return ExitCode::done;
}

}  // namespace devenv::cmd
