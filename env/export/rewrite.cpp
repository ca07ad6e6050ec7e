// SPDX-License-Identifier: MIT
//
// Key by key, with the reason (Desktop Entry Specification 1.5, "Recognized desktop entry keys"):
//
//   Exec            of every group goes through `devenv run --desktop`, with what the user opens
//                   between two "@@host": those are files of the host. Nothing of the entry may
//                   start a program of the host that happens to have the same name.
//   TryExec         is devenv: the program inside is not there for the host, which would hide the
//                   entry; without devenv it is right to.
//   Path            is a directory inside: an option of `devenv run`.
//   DBusActivatable leaves, unless its activation file is exported, too. With it launchers ask the
//   bus for the program instead of reading Exec,
//                   and the bus knows no service of the environment. An action without Exec needs
//                   it, and leaves with it.
//   StartupWMClass  stays. Desktops otherwise compare the window with the id of the entry, so the
//                   original id is said when the entry gets another one.
//   Name            gets the label, in all languages, as does X-GNOME-FullName, which GLib's
//                   programs show in its place. Names of actions stand below it and get none.
//   Icon            has the name that the exported icon has.
//   X-GNOME-Bugzilla-* leaves: the bugs are not those of the host's package.
//   X-Devenv-*      say where the entry comes from.
//   all others      stay as they are, known or not, in their order, with comments.
//
// Field codes: the deprecated ones leave. %k, the path of the entry, becomes the path inside: the
// program could not read the host's, or find itself in it. %i is the host's icon, which has another
// name there: then it becomes what it would have been inside. All others stay for the launcher.
#include "env/export/rewrite.hpp"

#include <algorithm>
#include <set>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/export/exec_line.hpp"

namespace devenv::exporting {
namespace {

constexpr std::string_view kActionPrefix = "Desktop Action ";
constexpr std::string_view kDeprecatedCodes = "dDnNvm";
constexpr const char* kFilesMark = "@@host";  // see sessions' HostFiles

/// "Name" of "Name[de]".
std::string_view without_locale(std::string_view key) {
  return key.substr(0, key.find('['));
}

/// %f and its like, alone or in an argument: "--file=%f".
bool has_file_code(const std::string& argument) {
  bool found = false;
  (void)replace_codes(argument, [&](char code) -> std::optional<std::string> {
    found = found || std::string_view("fFuU").find(code) != std::string_view::npos;
    return std::nullopt;
  });
  return found;
}

/// Writes the value of Exec anew.
class ExecRewriter {
 public:
  ExecRewriter(const DesktopEntry& original, const RewriteInput& input)
      : input_(input), icon_(original.string(kMainGroup, "Icon").value_or("")) {
    const auto literal = [&](const std::string& word) {
      prefix_.push_back(literal_argument(word));
    };
    literal(input.program);
    literal("run");
    literal("--desktop");
    const std::string path = original.string(kMainGroup, "Path").value_or("");
    // Anything else would be taken from wherever the launcher happens to be.
    if (path.starts_with('/')) {
      literal("--workdir");
      literal(path);
    }
    std::for_each(input.run_options.begin(), input.run_options.end(), literal);
    literal(input.environment_name);
    literal("--");
  }

  /// Raw value to raw value.
  Result<std::string> rewrite(std::string_view raw) const {
    TRY_ASSIGN(const std::vector<std::string> arguments, parse_exec(unescape_string(raw)));
    std::vector<std::string> own;
    for (const std::string& argument : arguments) {
      append(argument, own);
    }
    if (own.empty() || own.front().empty()) {
      return fail(ErrorCode::failed, "there is no program in Exec");
    }
    insert_extra(own);
    std::vector<std::string> all = prefix_;
    all.insert(all.end(), own.begin(), own.end());
    return escape_string(format_exec(all));
  }

 private:
  void append(const std::string& argument, std::vector<std::string>& arguments) const {
    const auto renamed = input_.icons.find(icon_);
    if (argument == "%i" && renamed != input_.icons.end() && renamed->second != icon_) {
      if (!icon_.empty()) {
        arguments.insert(arguments.end(), {"--icon", literal_argument(icon_)});
      }
      return;
    }
    std::string replaced = replace_codes(argument, [&](char code) -> std::optional<std::string> {
      if (code == 'k') {
        return literal_argument(input_.source);
      }
      return kDeprecatedCodes.find(code) != std::string_view::npos ? std::optional<std::string>("")
                                                                   : std::nullopt;
    });
    if (has_file_code(replaced)) {
      arguments.insert(arguments.end(), {kFilesMark, std::move(replaced), kFilesMark});
    } else if (!replaced.empty() || argument.empty()) {
      arguments.push_back(std::move(replaced));
    }
  }

  /// Before what the user opens; and before a flag in front of that, whose value it may be.
  void insert_extra(std::vector<std::string>& arguments) const {
    auto place = std::find(arguments.begin() + 1, arguments.end(), kFilesMark);
    if (place != arguments.end() && place != arguments.begin() + 1 &&
        std::prev(place)->starts_with('-')) {
      --place;
    }
    std::vector<std::string> extra;
    for (const std::string& argument : input_.extra_arguments) {
      extra.push_back(literal_argument(argument));
    }
    arguments.insert(place, extra.begin(), extra.end());
  }

  const RewriteInput& input_;
  std::string icon_;
  std::vector<std::string> prefix_;
};

/// Actions of the original that can still be started, and groups with an Exec that cannot be read.
struct Startable {
  std::set<std::string, std::less<>> groups_with_exec;
  std::set<std::string, std::less<>> unreadable;

  Startable(DesktopEntry& entry, const ExecRewriter& exec) {
    entry.edit([&](std::string_view group, std::string_view key, std::string_view raw) {
      auto value = key == "Exec" ? exec.rewrite(raw) : Result<std::string>(std::string(raw));
      if (key == "Exec") {
        // The last of several counts.
        (value ? groups_with_exec : unreadable).emplace(group);
        (value ? unreadable : groups_with_exec).erase(std::string(group));
      }
      return value ? std::optional(*std::move(value)) : std::nullopt;
    });
  }

  bool keeps(std::string_view group) const {
    const bool needs_exec = group.starts_with(kActionPrefix);
    return !unreadable.contains(group) && (!needs_exec || groups_with_exec.contains(group));
  }
};

void drop_actions(DesktopEntry& entry, const Startable& startable) {
  std::string left;  // ids of actions have nothing to escape
  bool dropped = false;
  for (const std::string& action : entry.list(kMainGroup, "Actions")) {
    const bool keep = startable.groups_with_exec.contains(std::string(kActionPrefix) + action);
    dropped = dropped || !keep;
    left += keep ? action + ";" : "";
  }
  if (!dropped) {
    return;
  }
  if (left.empty()) {
    entry.remove(kMainGroup, "Actions");
  } else {
    entry.set_raw(kMainGroup, "Actions", left);
  }
}

std::string labelled(std::string_view raw, const std::string& label) {
  const std::size_t end = raw.find_last_not_of(" \t");
  // An empty translation is none.
  return end == std::string_view::npos
             ? std::string(raw)
             : format("{} ({})", raw.substr(0, end + 1), escape_string(label));
}

std::optional<std::string> rewritten(std::string_view group,
                                     std::string_view key,
                                     std::string_view raw,
                                     const RewriteInput& input) {
  const std::string_view plain = without_locale(key);
  if (plain == "Icon") {
    const auto renamed = input.icons.find(unescape_string(raw));
    return renamed == input.icons.end() ? std::string(raw) : escape_string(renamed->second);
  }
  if (group != kMainGroup) {
    return std::string(raw);
  }
  if (plain == "DBusActivatable" && input.keep_bus_activation) {
    return std::string(raw);
  }
  if (plain == "Path" || plain == "DBusActivatable" || plain.starts_with("X-GNOME-Bugzilla-")) {
    return std::nullopt;
  }
  if ((plain == "Name" || plain == "X-GNOME-FullName") && !input.label.empty()) {
    return labelled(raw, input.label);
  }
  return std::string(raw);
}

}  // namespace

Result<DesktopEntry> rewrite_entry(const DesktopEntry& original, const RewriteInput& input) {
  const std::string type(text::trim(original.string(kMainGroup, "Type").value_or("")));
  if (type != "Application") {
    return fail(ErrorCode::failed, format("'{}' is no application: its Type is '{}'", input.source,
                                          text::sanitize(type)));
  }
  const ExecRewriter exec(original, input);
  const auto main_exec = original.raw(kMainGroup, "Exec");
  if (!main_exec) {
    return fail(
        Error(ErrorCode::failed,
              format("'{}' does not say what to run: it has no Exec", input.source))
            .with_hint("an application that is only started through D-Bus cannot be exported"));
  }
  TRY_CONTEXT(exec.rewrite(*main_exec), format("cannot read '{}'", input.source));

  DesktopEntry entry = original;
  entry.comment_out_malformed();
  const Startable startable(entry, exec);
  entry.keep_groups([&](std::string_view group) { return startable.keeps(group); });
  drop_actions(entry, startable);
  entry.edit([&](std::string_view group, std::string_view key, std::string_view raw) {
    return rewritten(group, key, raw, input);
  });
  entry.set_string(kMainGroup, "TryExec", input.program);
  const std::string_view suffix = ".desktop";
  if (input.exported_id != input.original_id &&
      original.raw(kMainGroup, "StartupWMClass").value_or("").empty()) {
    std::string_view id = input.original_id;
    id.remove_suffix(id.ends_with(suffix) ? suffix.size() : 0);
    entry.set_string(kMainGroup, "StartupWMClass", id);
  }
  entry.set_string(kMainGroup, "X-Devenv-Environment", input.environment_name);
  entry.set_string(kMainGroup, "X-Devenv-Source", input.source);
  return entry;
}

std::vector<std::string> icon_names(const DesktopEntry& entry) {
  std::vector<std::string> names;
  std::set<std::string> seen = {""};
  const auto add = [&](std::string name) {
    if (seen.insert(name).second) {
      names.push_back(std::move(name));
    }
  };
  add(entry.string(kMainGroup, "Icon").value_or(""));
  DesktopEntry visited = entry;
  visited.edit([&](std::string_view, std::string_view key, std::string_view raw) {
    if (without_locale(key) == "Icon") {
      add(unescape_string(raw));
    }
    return std::string(raw);
  });
  return names;
}

}  // namespace devenv::exporting
