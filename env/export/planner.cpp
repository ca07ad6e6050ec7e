// SPDX-License-Identifier: MIT
#include "env/export/planner.hpp"

#include <fcntl.h>

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/export/launcher.hpp"
#include "env/export/shim.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"
#include "env/sys/tree.hpp"

namespace devenv::exporting {
namespace {

constexpr std::size_t kLargestFile = 1024U * 1024;

/// An image need not say it.
std::string value_in(const std::vector<std::string>& variables,
                     std::string_view name,
                     std::string_view usual) {
  std::string value = sys::variable_in(variables, name);
  return value.empty() ? std::string(usual) : value;
}

std::vector<std::string> absolute_paths(const std::string& list) {
  std::vector<std::string> paths;
  for (const std::string_view path : text::split(list, ':')) {
    if (path.starts_with('/')) {
      paths.emplace_back(path);
    }
  }
  return paths;
}

bool is_program(int root, const std::string& path) {
  constexpr mode_t kAnyExecute = 0111;
  const auto file = sys::open_in_root(root, path, O_PATH);
  const auto info = file ? sys::stat_fd(file->get()) : Result<struct stat>(fail(file.error()));
  return info && S_ISREG(info->st_mode) && (info->st_mode & kAnyExecute) != 0;
}

}  // namespace

Inside inside_of(int root, const instance::Environment& environment, const std::string& home) {
  const std::vector<std::string>& variables = environment.state.image_environment;
  Inside inside{.root = root,
                .data_directories = {},
                .program_directories = {},
                .home = home,
                .home_shared = environment.spec.shares.wants("home"),
                .runtime_shared = !host::has_private_runtime(environment.spec.shares)};
  inside.data_directories =
      absolute_paths(value_in(variables, "XDG_DATA_DIRS", "/usr/local/share:/usr/share"));
  inside.data_directories.emplace_back("/var/lib/flatpak/exports/share");
  if (!inside.home_shared) {
    inside.data_directories.insert(inside.data_directories.begin(), home + "/.local/share");
  }
  inside.program_directories = absolute_paths(
      value_in(variables, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
  return inside;
}

Planner::Planner(PlannerInput input, const Ledger& ledger, Reporter& reporter)
    : input_(std::move(input)),
      reporter_(reporter),
      ours_(paths_of(ledger)),
      host_(input_.places, ours_),
      icons_(input_.inside.root, input_.inside.data_directories),
      types_(input_.inside.root, input_.inside.data_directories) {}

std::string Planner::prefix() const {
  return format("devenv-{}-", name());
}

std::optional<std::string> Planner::read(const std::string& path) const {
  auto contents = sys::read_file_in_root(input_.inside.root, path, kLargestFile);
  return contents ? *std::move(contents) : std::nullopt;
}

std::optional<std::string> Planner::find_binary(const std::string& query) const {
  if (query.find('/') != std::string::npos) {
    return query.starts_with('/') && is_program(input_.inside.root, query) ? std::optional(query)
                                                                           : std::nullopt;
  }
  for (const std::string& directory : input_.inside.program_directories) {
    std::string path = format("{}/{}", directory, query);
    if (is_program(input_.inside.root, path)) {
      return path;
    }
  }
  return std::nullopt;
}

Result<NewExport> Planner::binary(const std::string& query, const ExportOptions& options) const {
  const auto path = find_binary(query);
  if (!path) {
    return fail(Error(ErrorCode::not_found,
                      format("environment '{}' has no program '{}'", name(), text::sanitize(query)))
                    .with_hint("a name that is in PATH there, or an absolute path"));
  }
  constexpr unsigned kExecutable = 0755;
  NewFile shim{.path = format("{}/{}", options.directory.value_or(input_.places.binaries),
                              text::base_name(*path)),
               .contents = shim_text({.environment_name = name(),
                                      .environment_directory = input_.environment.directory,
                                      .command = *path,
                                      .program = input_.program,
                                      .options = options}),
               .mode = kExecutable};
  return NewExport{{.kind = Kind::binary,
                    .id = std::string(text::base_name(*path)),
                    .source = *path,
                    .files = {},
                    .options = options},
                   {std::move(shim)}};
}

Result<NewExport> Planner::launcher(const ExportOptions& options) {
  LauncherInput launcher{.environment_name = name(),
                         .program = input_.program,
                         .label = options.label.value_or(""),
                         .os_release = read("/etc/os-release").value_or("")};
  const std::string logo = logo_of(launcher.os_release);
  launcher.icon = format("devenv-{}", name());
  FoundIcon found = logo.empty() ? FoundIcon{} : icons_.find(logo, launcher.icon);
  std::vector<NewFile> files;
  for (IconFile& file : found.files) {
    files.push_back({.path = format("{}/{}", input_.places.icons, file.target),
                     .contents = std::move(file.contents)});
  }
  if (files.empty()) {
    files.push_back(
        {.path = format("{}/hicolor/scalable/apps/{}.svg", input_.places.icons, launcher.icon),
         .contents = draw_icon(launcher.os_release, name())});
  }
  files.push_back({.path = format("{}/devenv-{}.desktop", input_.places.applications, name()),
                   .contents = launcher_entry(launcher)});
  return NewExport{
      {.kind = Kind::launcher, .id = "terminal", .source = "", .files = {}, .options = options},
      std::move(files)};
}

}  // namespace devenv::exporting
