// SPDX-License-Identifier: MIT
// Environments of a distrobox.ini: each box is a project of devenv's own, whose devenv.toml is made
// of the box's section and kept among devenv's data. So what is changed in the manifest is changed
// in the environment, and what is the same is not done again.
#include "cmd/assemble.hpp"

#include <algorithm>

#include "cmd/names.hpp"
#include "cmd/project_up.hpp"
#include "cmd/remove.hpp"
#include "cmd/ui/table.hpp"
#include "env/base/text.hpp"
#include "env/instance/catalog.hpp"
#include "env/session/session.hpp"
#include "env/sys/file.hpp"
#include "env/sys/tree.hpp"
#include "profiles/import.hpp"

namespace devenv::cmd {
namespace {

/// A section that an environment can be made of.
struct Box {
  instance::EnvironmentName name;
  std::string directory;  ///< of its devenv.toml
  std::string base;
  profiles::ImportedProject imported;
};

Result<Box> box_of(profiles::ImportedProject imported, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  const auto project = profiles::parse_project(imported.toml, "/", "");
  if (!project || project->name.empty()) {
    return fail(ErrorCode::usage,
                format("no environment can be called '{}'", text::sanitize(imported.name)));
  }
  TRY_ASSIGN(auto name, instance::EnvironmentName::parse(project->name));
  std::string directory = format("{}/assembled/{}", workspace->paths.data, name.string());
  return Box{.name = std::move(name),
             .directory = std::move(directory),
             .base = project->base,
             .imported = std::move(imported)};
}

/// The boxes that are meant. A section without an image is there to be included by others.
Result<std::vector<Box>> chosen_boxes(const AssembleOptions& options, Context& context) {
  constexpr std::size_t kLimit = 1024U * 1024;  // bytes
  TRY_ASSIGN(const std::string manifest, sys::read_file(options.file, kLimit));
  TRY_ASSIGN_CONTEXT(auto sections, profiles::import_distrobox(manifest),
                     format("cannot read '{}'", text::sanitize(options.file)));
  std::vector<Box> boxes;
  std::vector<std::string> known;
  for (profiles::ImportedProject& section : sections) {
    known.push_back(section.name);
    const bool is_named =
        std::find(options.names.begin(), options.names.end(), section.name) != options.names.end();
    if (!options.names.empty() && !is_named) {
      continue;
    }
    TRY_ASSIGN(Box box, box_of(std::move(section), context));
    if (box.base.empty() && is_named) {
      return fail(ErrorCode::usage, format("[{}] has no image", text::sanitize(box.imported.name)));
    }
    if (!box.base.empty()) {
      boxes.push_back(std::move(box));
    }
  }
  for (const std::string& name : options.names) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const auto similar = text::closest(name, known);
      return fail(
          Error(ErrorCode::not_found, format("{} has no section '{}'", text::sanitize(options.file),
                                             text::sanitize(name)))
              .with_hint(similar ? format("did you mean '{}'?", text::sanitize(*similar)) : ""));
    }
  }
  return boxes;
}

Result<void> remove_box(const Box& box, Context& context) {
  TRY(run_remove({.names = {box.name.string()}, .force = true}, context));
  return sys::remove_tree(box.directory);
}

/// Never one that somebody made by other means.
Result<void> remove_assembled(const Box& box, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto found, instance::find_environment(*workspace, box.name));
  if (found && found->spec.project != box.directory) {
    return fail(
        Error(ErrorCode::conflict, format("environment '{}' was not assembled", box.name.string()))
            .with_hint(format("remove it yourself: devenv rm {}", box.name.string())));
  }
  return !found ? sys::remove_tree(box.directory) : remove_box(box, context);
}

/// One that is there was assembled before, or it is not touched.
Result<void> clear_way(const Box& box, bool replace, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const auto found, instance::find_environment(*workspace, box.name));
  if (!found || (!replace && found->spec.project == box.directory)) {
    return {};
  }
  if (replace) {
    return remove_box(box, context);
  }
  return fail(Error(ErrorCode::conflict,
                    format("environment '{}' is there, and was not assembled", box.name.string()))
                  .with_hint(format("remove it first: devenv rm {}", box.name.string())));
}

Result<void> create_box(const Box& box, const AssembleOptions& options, Context& context) {
  TRY(clear_way(box, options.replace, context));
  for (const std::string& note : box.imported.notes) {
    context.ui().warn(format("[{}] not carried over: {}", text::sanitize(box.imported.name), note),
                      "");
  }
  TRY(sys::make_directories(box.directory, 0700));
  const std::string file = format("{}/{}", box.directory, profiles::kProjectFile);
  TRY_ASSIGN(const auto before, sys::read_file_if_exists(file));
  // What did not change keeps its times: then nothing has to be looked at anew.
  if (!before || *before != box.imported.toml) {
    TRY(sys::write_file_atomic(file, box.imported.toml));
  }
  // Whoever says "assemble this file" has said yes to it.
  TRY(bring_up(box.directory, {.project = {.allow = true}}, context));
  context.ui().note(format("'{}' is there: devenv enter {}", box.name.string(), box.name.string()));
  return {};
}

Result<ExitCode> for_each_box(const std::vector<Box>& boxes,
                              Context& context,
                              const std::function<Result<void>(const Box&)>& action) {
  std::vector<std::string> names;
  for (const Box& box : boxes) {
    names.push_back(box.name.string());
  }
  return for_each_name(context, names, [&](const std::string& name) {
    return action(*std::find_if(boxes.begin(), boxes.end(),
                                [&](const Box& box) { return box.name.string() == name; }));
  });
}

Result<ExitCode> list_boxes(const std::vector<Box>& boxes, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  Table table{.header = {"NAME", "STATE", "IMAGE"}};
  for (const Box& box : boxes) {
    TRY_ASSIGN(const auto found, instance::find_environment(*workspace, box.name));
    const bool is_ours = found && found->spec.project == box.directory;
    table.rows.push_back({box.name.string(),
                          is_ours ? "assembled" : (found ? "another one" : "missing"),
                          text::sanitize(box.base)});
  }
  context.ui().data(render(table, context.ui().out_style()));
  return ExitCode::done;
}

}  // namespace

void add_assemble(CLI::App& app, AssembleOptions& options) {
  only(app.add_option("ACTION", options.action, "what to do with the boxes; default create"),
       {"create", "rm", "list"});
  app.add_option("--file", options.file, "the manifest; default distrobox.ini")->type_name("FILE");
  app.add_option("--name", options.names, "only the box of this section; may be given again")
      ->type_name("SECTION")
      ->take_all();
  app.add_flag("--replace", options.replace, "remove what is there first, and make it anew");
  app.add_flag("--dry-run", options.dry_run, "print the devenv.toml of each, and do nothing");
  app.footer(
      "Every [section] with an image becomes an environment of that name. What the manifest says "
      "and an environment cannot have is told. A box that is there is changed to what its section "
      "says by now.");
}

Result<ExitCode> run_assemble(const AssembleOptions& options, Context& context) {
  TRY_ASSIGN(const std::vector<Box> boxes, chosen_boxes(options, context));
  if (options.action == "list") {
    return list_boxes(boxes, context);
  }
  if (options.dry_run) {
    for (const Box& box : boxes) {
      context.ui().data(options.action == "rm"
                            ? format("remove '{}'\n", box.name.string())
                            : format("# {}\n{}\n", box.name.string(), box.imported.toml));
      for (const std::string& note : box.imported.notes) {
        context.ui().data(options.action == "rm" ? "" : format("# not carried over: {}\n", note));
      }
    }
    return ExitCode::done;
  }
  return for_each_box(boxes, context, [&](const Box& box) {
    return options.action == "rm" ? remove_assembled(box, context)
                                  : create_box(box, options, context);
  });
}

}  // namespace devenv::cmd
