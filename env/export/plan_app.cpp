// SPDX-License-Identifier: MIT
// A graphical program: its entry, and what belongs to it.
#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/export/bus_service.hpp"
#include "env/export/exec_line.hpp"
#include "env/export/planner.hpp"
#include "env/sys/file.hpp"

namespace devenv::exporting {
namespace {

constexpr std::string_view kSuffix = ".desktop";
constexpr std::string_view kAutostart = "/etc/xdg/autostart";

/// "gimp" for "gimp.desktop".
std::string stem(const std::string& id) {
  return id.ends_with(kSuffix) ? id.substr(0, id.size() - kSuffix.size()) : id;
}

std::vector<std::string> run_options(const ExportOptions& options) {
  std::vector<std::string> words;
  if (options.as_root) {
    return words;  // see run_as_root
  }
  for (const std::string& variable : options.variables) {
    words.emplace_back("--env");
    words.push_back(variable);
  }
  return words;
}

/// Through sudo inside, which takes no variables along; every Exec.
void run_as_root(DesktopEntry& entry, const std::vector<std::string>& variables) {
  std::vector<std::string> words = {"sudo"};
  if (!variables.empty()) {
    words.emplace_back("env");
    for (const std::string& variable : variables) {
      words.push_back(literal_argument(variable));
    }
  }
  entry.edit([&](std::string_view, std::string_view key, std::string_view raw) {
    auto arguments = key == "Exec" ? parse_exec(unescape_string(raw))
                                   : Result<std::vector<std::string>>(fail(ErrorCode::failed, ""));
    if (!arguments) {
      return std::optional(std::string(raw));
    }
    arguments->insert(arguments->begin(), words.begin(), words.end());
    return std::optional(escape_string(format_exec(*arguments)));
  });
}

}  // namespace

const FoundApps& Planner::apps() {
  if (!apps_) {
    apps_ = find_apps(input_.inside.root, input_.inside.data_directories, input_.locale);
  }
  return *apps_;
}

/// The entry keeps its id, which is what windows are matched by, unless the host has one of it.
/// What was decided once stays: desktops remember ids.
std::string Planner::exported_id(const std::string& id, const Ledger& ledger) {
  const std::string other = prefix() + id;
  const Export* const old = ledger.find(Kind::app, id);
  const auto was = [&](const std::string& candidate) {
    const std::string path = format("{}/{}", input_.places.applications, candidate);
    return old != nullptr &&
           std::any_of(old->files.begin(), old->files.end(),
                       [&](const ExportedFile& file) { return file.path == path; });
  };
  if (was(id) && host_.has_desktop_id(id)) {
    reporter_.warn(
        format("the host has '{}' itself by now, and does not show it", text::sanitize(id)),
        format("devenv export {} --delete --app {}", name(), text::shell_quote(stem(id))));
  }
  if (was(id) || was(other)) {
    return was(id) ? id : other;
  }
  return host_.has_desktop_id(id) ? other : id;
}

void Planner::add_icons(const DesktopEntry& entry,
                        const std::string& id,
                        RewriteInput& rewrite,
                        std::vector<NewFile>& files) {
  std::size_t files_named = 0;
  for (const std::string& icon : icon_names(entry)) {
    std::optional<std::string> other;
    if (icon.starts_with('/')) {
      ++files_named;
      other = prefix() + stem(id) + (files_named == 1 ? "" : format("-{}", files_named));
    } else if (host_.has_icon(icon)) {
      other = prefix() + icon;
    }
    FoundIcon found = icons_.find(icon, other);
    if (found.files.empty()) {
      continue;
    }
    if (found.name != icon) {
      rewrite.icons.emplace(icon, found.name);
    }
    for (IconFile& file : found.files) {
      files.push_back({.path = format("{}/{}", input_.places.icons, file.target),
                       .contents = std::move(file.contents)});
    }
  }
}

void Planner::add_types(const DesktopEntry& entry,
                        const std::string& id,
                        std::vector<NewFile>& files) {
  if (!host_types_) {
    std::vector<std::string> directories;
    for (const std::string& directory : input_.places.data_directories) {
      directories.push_back(directory + "/mime");
    }
    host_types_ = HostTypes::read(directories, ours_);
  }
  for (MimePackage& package : types_.find(entry.list(kMainGroup, "MimeType"), *host_types_)) {
    files.push_back({.path = format("{}/{}{}-{}", input_.places.mime_packages(), prefix(), stem(id),
                                    text::base_name(package.path)),
                     .contents = std::move(package.contents)});
  }
}

/// AppStream, for software centres: what the program is, as it says itself.
void Planner::add_metainfo(const std::string& id, std::vector<NewFile>& files) const {
  for (const std::string& directory : input_.inside.data_directories) {
    for (const char* place :
         {"metainfo/{}.metainfo.xml", "metainfo/{}.appdata.xml", "appdata/{}.appdata.xml"}) {
      std::string name(place);
      name.replace(name.find("{}"), 2, stem(id));
      auto contents = read(format("{}/{}", directory, name));
      const std::string target = format("{}/{}", input_.places.metainfo, text::base_name(name));
      const bool is_component = contents && (contents->find("<component") != std::string::npos ||
                                             contents->find("<application") != std::string::npos);
      if (is_component && (ours_.contains(target) || !sys::exists(target))) {
        files.push_back({.path = target, .contents = *std::move(contents)});
        return;
      }
    }
  }
}

/// With it, programs of the host can start this one through the bus. Only on request: a file of
/// this name goes before the host's own.
Result<void> Planner::add_bus_service(const std::string& id, std::vector<NewFile>& files) const {
  const std::string file = stem(id) + ".service";
  std::optional<std::string> contents;
  for (const std::string& directory : input_.inside.data_directories) {
    contents = contents ? contents : read(format("{}/dbus-1/services/{}", directory, file));
  }
  if (!contents) {
    return fail(Error(ErrorCode::not_found,
                      format("'{}' cannot be started through D-Bus", text::sanitize(id)))
                    .with_hint("it has no activation file: leave out --dbus"));
  }
  for (const std::string& directory : input_.places.data_directories) {
    const std::string path = format("{}/dbus-1/services/{}", directory, file);
    if (!ours_.contains(path) && sys::exists(path)) {
      return fail(Error(ErrorCode::conflict,
                        format("the host starts '{}' itself: '{}'", text::sanitize(stem(id)), path))
                      .with_hint("leave out --dbus"));
    }
  }
  TRY_ASSIGN(
      std::string rewritten,
      rewrite_bus_service(stem(id), *contents, {input_.program, "run", "--desktop", name(), "--"}));
  files.push_back({.path = format("{}/{}", input_.places.dbus_services, file),
                   .contents = std::move(rewritten)});
  return {};
}

/// The entry that the program brings for it, or else its own.
Result<void> Planner::add_autostart(const std::string& id,
                                    const DesktopEntry& entry,
                                    const RewriteInput& rewrite,
                                    std::vector<NewFile>& files) const {
  const std::string source = format("{}/{}", kAutostart, id);
  const auto contents = read(source);
  RewriteInput input = rewrite;
  DesktopEntry original = entry;
  if (contents) {
    TRY_ASSIGN(original, DesktopEntry::parse(*contents));
    input.source = source;
  }
  TRY_ASSIGN(const DesktopEntry rewritten, rewrite_entry(original, input));
  files.push_back({.path = format("{}/{}", input_.places.autostart, rewrite.exported_id),
                   .contents = rewritten.to_string()});
  return {};
}

Result<NewExport> Planner::app(const App& app, const ExportOptions& options, const Ledger& ledger) {
  const auto contents = read(app.path);
  if (!contents) {
    return fail(ErrorCode::not_found, format("'{}' cannot be read", text::sanitize(app.path)));
  }
  TRY_ASSIGN(DesktopEntry entry, DesktopEntry::parse(*contents));
  RewriteInput rewrite{.environment_name = name(),
                       .original_id = app.id,
                       .exported_id = exported_id(app.id, ledger),
                       .source = app.path,
                       .program = input_.program,
                       .label = options.label.value_or(""),
                       .run_options = run_options(options),
                       .extra_arguments = options.arguments};
  const bool keeps_id = rewrite.exported_id == app.id;
  if (!options.label && !keeps_id) {
    rewrite.label = name();  // two of one name in a menu cannot be told apart
  }
  std::vector<NewFile> files;
  add_icons(entry, app.id, rewrite, files);
  add_types(entry, app.id, files);
  if (keeps_id) {
    add_metainfo(app.id, files);
  }
  if (options.bus) {
    TRY(add_bus_service(app.id, files));
    rewrite.keep_bus_activation = keeps_id;
  }
  if (options.as_root) {
    run_as_root(entry, options.variables);
  }
  if (options.autostart) {
    TRY(add_autostart(app.id, entry, rewrite, files));
  }
  TRY_ASSIGN(const DesktopEntry rewritten, rewrite_entry(entry, rewrite));
  files.push_back({.path = format("{}/{}", input_.places.applications, rewrite.exported_id),
                   .contents = rewritten.to_string()});
  return NewExport{{.kind = Kind::app,
                    .id = app.id,
                    .name = app.name,
                    .source = app.path,
                    .files = {},
                    .options = options},
                   std::move(files)};
}

}  // namespace devenv::exporting
