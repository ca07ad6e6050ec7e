// SPDX-License-Identifier: MIT
// The manifest of `distrobox assemble`: an INI file, a section for each box, keys that may repeat.
#include <algorithm>
#include <map>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "profiles/import.hpp"
#include "profiles/import_internal.hpp"
#include "profiles/toml_writer.hpp"

namespace devenv::profiles {
namespace {

struct Entry {
  std::string key;
  std::string value;
  std::size_t line = 0;
};

struct Section {
  std::string name;
  std::vector<Entry> entries;
};

Error wrong(std::size_t line, std::string message) {
  return Error(ErrorCode::usage, format("line {}: {}", line, message));
}

/// Without a pair of quotes around all of it.
std::string unquoted(std::string_view value) {
  const bool quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
                      value.back() == value.front();
  return std::string(quoted ? value.substr(1, value.size() - 2) : value);
}

Result<std::vector<Section>> parse(std::string_view manifest) {
  std::vector<Section> sections;
  std::size_t number = 0;
  for (const std::string_view raw : text::lines(manifest)) {
    ++number;
    const std::string_view line = text::trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') {
      continue;
    }
    if (line.front() == '[') {
      if (line.back() != ']' || line.size() < 3) {
        return fail(wrong(number, "a section is written as [name]"));
      }
      sections.push_back({.name = std::string(text::trim(line.substr(1, line.size() - 2)))});
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || sections.empty()) {
      return fail(wrong(number, sections.empty() ? "a key before the first [name]"
                                                 : "expected KEY=VALUE or [name]"));
    }
    sections.back().entries.push_back({.key = std::string(text::trim(line.substr(0, equals))),
                                       .value = unquoted(text::trim(line.substr(equals + 1))),
                                       .line = number});
  }
  return sections;
}

std::vector<std::string> words_of(std::string_view value) {
  std::vector<std::string> words;
  for (const std::string_view word : text::split(value, ' ')) {
    if (!word.empty()) {
      words.push_back(unquoted(word));
    }
  }
  return words;
}

bool is_true(std::string_view value) {
  const std::string lower = text::to_lower(value);
  return lower == "true" || lower == "1" || lower == "yes";
}

class Importer {
 public:
  explicit Importer(const std::vector<Section>& sections) : sections_(sections) {}

  Result<ImportedProject> import(const Section& section) {
    result_ = {.name = section.name, .toml = {}, .notes = {}};
    TRY(add(section, {}));
    write();
    return std::move(result_);
  }

 private:
  Result<void> add(const Section& section, std::vector<std::string> open) {
    open.push_back(section.name);
    for (const Entry& entry : section.entries) {
      if (entry.key != "include") {
        read(entry);
        continue;
      }
      const auto other = std::find_if(sections_.begin(), sections_.end(), [&](const Section& each) {
        return each.name == entry.value;
      });
      if (other == sections_.end()) {
        return fail(
            wrong(entry.line, format("there is no section '{}'", text::sanitize(entry.value))));
      }
      if (std::find(open.begin(), open.end(), other->name) != open.end()) {
        return fail(wrong(entry.line, format("'{}' includes itself", text::sanitize(entry.value))));
      }
      TRY(add(*other, open));
    }
    return {};
  }

  void note(const Entry& entry, std::string_view why) {
    result_.notes.push_back(format("{}={}: {}", entry.key, text::sanitize(entry.value), why));
  }

  void append(const std::string& list, const std::vector<std::string>& values) {
    lists_[list].insert(lists_[list].end(), values.begin(), values.end());
  }

  void read(const Entry& entry) {
    const std::string& key = entry.key;
    if (key == "image") {
      base_ = entry.value;
    } else if (key == "additional_packages") {
      append("packages", words_of(entry.value));
    } else if (key == "exported_apps") {
      append("apps", words_of(entry.value));
    } else if (key == "exported_bins") {
      append("bins", words_of(entry.value));
    } else if (key == "volume" || key == "volumes") {
      for (const std::string& volume : words_of(entry.value)) {
        read_volume({.key = key, .value = volume});
      }
    } else if (key == "init_hooks" || key == "pre_init_hooks") {
      steps_.push_back(entry.value);
      note(entry, key == "init_hooks" ? "a step of [[setup]]: run once, not at each start"
                                      : "a step of [[setup]]: run once, after the packages");
    } else if (key == "additional_flags") {
      read_flags(entry);
    } else if (key.starts_with("unshare_")) {
      read_unshare(entry);
    } else if (key == "home") {
      append("no-share", {"home"});
      note(entry, "the environment has a home of its own, kept by devenv");
    } else {
      read_setting(entry);
    }
  }

  /// "SOURCE:TARGET[:OPTIONS]". Only "ro" means something here: what is mounted is the user's own.
  void read_volume(const Entry& entry) {
    const auto parts = text::split(entry.value, ':');
    if (parts[0].find_first_of("/~.") != 0) {
      note(entry, "there are no named volumes: name a directory");
      return;
    }
    const std::string_view options = parts.size() == 3 ? parts[2] : "";
    bool is_read_only = false;
    for (const std::string_view option : text::split(options, ',')) {
      is_read_only = is_read_only || option == "ro";
      if (!option.empty() && option != "ro" && option != "rw") {
        note(entry, format("the option '{}' means nothing here", text::sanitize(option)));
      }
    }
    const std::size_t end = parts.size() == 3 ? entry.value.rfind(':') : std::string::npos;
    append("mounts", {entry.value.substr(0, end) + (is_read_only ? ":ro" : "")});
  }

  void read_flags(const Entry& entry) {
    const auto words = words_of(entry.value);
    for (std::size_t at = 0; at < words.size(); ++at) {
      std::string word = words[at];
      const bool is_bare = word == "--env" || word == "-e";
      if (is_bare && at + 1 < words.size()) {
        word = "--env=" + words[++at];
      }
      const std::string_view assignment =
          word.starts_with("--env=") ? std::string_view(word).substr(6) : std::string_view();
      const std::size_t equals = assignment.find('=');
      if (equals != std::string_view::npos && is_variable_name(assignment.substr(0, equals))) {
        variables_[std::string(assignment.substr(0, equals))] = assignment.substr(equals + 1);
      } else {
        note({.key = entry.key, .value = word}, "a flag of podman or docker");
      }
    }
  }

  void read_unshare(const Entry& entry) {
    if (!is_true(entry.value)) {
      return;
    }
    const std::map<std::string, std::vector<std::string>> known = {
        {"unshare_netns", {"network"}},
        {"unshare_ipc", {"ipc"}},
        {"unshare_all", {"network", "ipc", "hostname"}}};
    const auto found = known.find(entry.key);
    if (found != known.end()) {
      append("no-share", found->second);
    }
    if (found == known.end() || entry.key == "unshare_all") {
      note(entry, "processes, groups and devices stay those of the host");
    }
  }

  /// What needs no line of its own, and what has none.
  void read_setting(const Entry& entry) {
    const std::map<std::string, std::string_view> needless = {
        {"nvidia", "the host's driver is always there"},
        {"start_now", "it starts when it is entered"},
        {"pull", "devenv create --pull asks for a newer image"},
        {"replace", "devenv rm, then devenv up"}};
    const std::map<std::string, std::string_view> missing = {
        {"root", "environments are rootless"},
        {"init", "there is no init system inside"},
        {"clone", "name the image, or commit that environment"},
        {"entry", "devenv generate-entry puts it into menus"},
        {"hostname", "the host's name, or the environment's with --no-share hostname"},
        {"exported_bins_path", "devenv export --bin NAME --export-path DIR"}};
    if (const auto found = missing.find(entry.key); found != missing.end()) {
      const bool is_off = entry.value == "false" || entry.value == "0";
      is_off ? void() : note(entry, found->second);
    } else if (const auto other = needless.find(entry.key); other != needless.end()) {
      note(entry, other->second);
    } else {
      note(entry, "unknown key");
    }
  }

  void write() {
    TomlWriter toml;
    toml.table("env");
    const std::string name = environment_name(result_.name);
    if (name != result_.name) {
      result_.notes.push_back(format("[{}]: environments are called by plain words: '{}'",
                                     text::sanitize(result_.name), name));
    }
    toml.text("name", name);
    toml.text("base", base_);
    toml.list("no-share", lists_["no-share"]);
    toml.list("mounts", acceptable("env", "mounts", lists_["mounts"], result_.notes));
    toml.table("packages");
    toml.list("install", acceptable("packages", "install", lists_["packages"], result_.notes));
    toml.table("environment");
    for (const auto& [variable, value] : variables_) {
      toml.text(variable, value);
    }
    toml.table("exports");
    toml.list("apps", lists_["apps"]);
    toml.list("bins", lists_["bins"]);
    for (const std::string& step : steps_) {
      toml.element("setup");
      toml.text("run", step);
    }
    result_.toml = toml.take();
    if (base_.empty()) {
      result_.notes.emplace_back("there is no image: add base = \"...\" to [env]");
    }
  }

  const std::vector<Section>& sections_;
  ImportedProject result_;
  std::string base_;
  std::map<std::string, std::vector<std::string>> lists_;
  std::map<std::string, std::string> variables_;
  std::vector<std::string> steps_;
};

}  // namespace

Result<std::vector<ImportedProject>> import_distrobox(std::string_view manifest) {
  if (!text::is_utf8(manifest)) {
    return fail(ErrorCode::usage, "the file is no text in UTF-8");
  }
  TRY_ASSIGN(const std::vector<Section> sections, parse(manifest));
  std::vector<ImportedProject> projects;
  for (const Section& section : sections) {
    TRY_ASSIGN(ImportedProject project, Importer(sections).import(section));
    projects.push_back(std::move(project));
  }
  return projects;
}

}  // namespace devenv::profiles
