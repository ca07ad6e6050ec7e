// SPDX-License-Identifier: MIT
#include "cmd/init.hpp"

#include <algorithm>

#include "cmd/origin.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"
#include "profiles/guess.hpp"
#include "profiles/import.hpp"
#include "profiles/project.hpp"
#include "profiles/trust.hpp"

namespace devenv::cmd {
namespace {

constexpr std::string_view kHead =
    "# The environment of this project: `devenv enter`, `devenv task`. See devenv.toml(5).\n"
    "schema = 1\n\n";
constexpr std::string_view kDefaultBase = "debian";

struct Draft {
  std::string text;
  std::vector<std::string> notes;  ///< what was not carried over
};

/// The section that is meant, of those there are.
Result<profiles::ImportedProject> choose_section(const std::vector<profiles::ImportedProject>& all,
                                                 const std::optional<std::string>& section) {
  std::vector<std::string> names;
  for (const profiles::ImportedProject& each : all) {
    if (section ? each.name == *section : all.size() == 1) {
      return each;
    }
    names.push_back(text::sanitize(each.name));
  }
  if (names.empty()) {
    return fail(ErrorCode::usage, "there is nothing in it");
  }
  const std::string message = section ? format("there is no section '{}'", text::sanitize(*section))
                                      : format("which one: {}?", join(names, ", "));
  return fail(Error(section ? ErrorCode::not_found : ErrorCode::usage, message)
                  .with_hint(format("--section {}", text::shell_quote(names.front()))));
}

Result<Draft> import_from(const InitOptions& options) {
  if (options.base || options.name || !options.packages.empty()) {
    return fail(Error(ErrorCode::usage,
                      "--from says all: --base, --name and --package do not go "
                      "with it")
                    .with_hint("change devenv.toml afterwards"));
  }
  constexpr std::size_t kLimit = 1024U * 1024;  // bytes
  TRY_ASSIGN(const std::string contents, sys::read_file(*options.from, kLimit));
  TRY_ASSIGN_CONTEXT(const auto all, profiles::import_project(*options.from, contents),
                     format("cannot import '{}'", text::sanitize(*options.from)));
  TRY_ASSIGN(auto chosen, choose_section(all, options.section));
  return Draft{.text = std::move(chosen.toml), .notes = std::move(chosen.notes)};
}

/// The name of a profile's default release is written down: the file means the same next year.
Result<std::string> pinned(const std::string& base, Context& context) {
  TRY_ASSIGN(const profiles::Catalog catalog, context.profiles());
  if (base.find(':') == std::string::npos) {
    TRY_ASSIGN(const auto profile, catalog.find(base));
    if (profile) {
      TRY_ASSIGN(const auto release, profiles::choose_release(*profile, ""));
      return format("{}:{}", base, release.name);
    }
    if (is_bare(base)) {
      const auto similar = similar_profile(catalog, base);
      return fail(
          Error(ErrorCode::not_found, format("there is no profile '{}'", text::sanitize(base)))
              .with_hint(similar ? format("did you mean '{}'?", *similar)
                                 : "devenv profile list; an image is written in full"));
    }
  }
  TRY_ASSIGN(const auto profile, origin_from_profile(catalog, base, Fetch::registry));
  if (!profile) {
    TRY(origin_from_image(base));
  }
  return base;
}

Result<Draft> make_new(const InitOptions& options, const std::string& directory, Context& context) {
  if (options.section) {
    return fail(ErrorCode::usage, "--section goes with --from");
  }
  TRY_ASSIGN(const auto names, sys::list_directory(directory));
  profiles::ProjectGuess guess =
      profiles::guess_project(std::set<std::string>(names.begin(), names.end()));
  if (!guess.seen.empty()) {
    context.ui().note(format("found {}", join(guess.seen, ", ")));
  }
  std::string base = options.base.value_or("");
  if (base.empty() && context.ui().can_ask()) {
    TRY_ASSIGN(base, context.ui().ask("which distribution or image?", kDefaultBase));
  }
  TRY_ASSIGN(base, pinned(base.empty() ? std::string(kDefaultBase) : base, context));
  guess.packages.insert(guess.packages.end(), options.packages.begin(), options.packages.end());
  return Draft{.text = profiles::project_text(options.name.value_or(""), base, guess), .notes = {}};
}

/// What this very command wrote is the user's own. Other files that belong to it are not.
Result<bool> allow_own(const std::string& directory, Context& context) {
  const profiles::LoadedProject loaded = profiles::load_project(directory, "");
  if (!loaded.project || loaded.sources.size() != 1) {
    return false;
  }
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY(profiles::allow_project(workspace->paths.data, directory, loaded.sources));
  return true;
}

}  // namespace

void add_init(CLI::App& app, InitOptions& options) {
  app.add_option("--base", options.base, "a distribution or an image; default debian")
      ->type_name(kind::kRelease);
  app.add_option("--name", options.name,
                 "what the environment is called; default: as the directory")
      ->type_name("NAME");
  app.add_option("--package", options.packages, "install it; may be given again")
      ->type_name("PACKAGE")
      ->take_all();
  app.add_option("--from", options.from,
                 "take it over from a distrobox.ini, devcontainer.json or toolbox.conf")
      ->type_name("FILE");
  app.add_option("--section", options.section, "which environment of a distrobox.ini")
      ->type_name("SECTION");
  app.add_flag("-f,--force", options.force, "replace a devenv.toml that is there");
  app.add_flag("--print", options.print, "print it, and write nothing");
  app.footer(
      "Writes devenv.toml into the current directory, with the tools and tasks that the files "
      "there seem to want. What was just written need not be allowed.\n"
      "\n"
      "Examples:\n"
      "  devenv init --base fedora --package ripgrep\n"
      "  devenv init --from .devcontainer/devcontainer.json --print");
}

Result<ExitCode> run_init(const InitOptions& options, Context& context) {
  TRY_ASSIGN(const std::string directory, sys::canonical_path("."));
  const std::string file = format("{}/{}", directory, profiles::kProjectFile);
  if (!options.print && !options.force && sys::exists(file)) {
    return fail(Error(ErrorCode::conflict, format("{} is there already", profiles::kProjectFile))
                    .with_hint("see what would be written: devenv init --print"));
  }
  TRY_ASSIGN(Draft draft,
             options.from ? import_from(options) : make_new(options, directory, context));
  draft.text = std::string(kHead) + draft.text;
  const auto problems = profiles::check_project(draft.text, std::string(profiles::kProjectFile));
  if (!problems.empty()) {
    return fail(Error(ErrorCode::usage, problems.front().message).with_hint(problems.front().hint));
  }
  for (const std::string& note : draft.notes) {
    context.ui().warn("not carried over: " + note, "");
  }
  if (options.print) {
    context.ui().data(draft.text);
    return ExitCode::done;
  }
  TRY(sys::write_file_atomic(file, draft.text, 0666 & ~context.umask()));
  TRY_ASSIGN(const bool allowed, allow_own(directory, context));
  context.ui().note(format("wrote {}", profiles::kProjectFile));
  context.ui().note(allowed ? "look at it, then: devenv enter" : "look at it, then: devenv allow");
  return ExitCode::done;
}

}  // namespace devenv::cmd
