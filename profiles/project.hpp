// SPDX-License-Identifier: MIT
// A project's environment: devenv.toml, the files it extends, and the person's own overrides.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/instance/environment.hpp"
#include "env/sandbox/storage.hpp"
#include "profiles/profile.hpp"

namespace devenv::profiles {

inline constexpr std::string_view kProjectFile = "devenv.toml";
/// Beside it, and not for the repository.
inline constexpr std::string_view kLocalFile = "devenv.local.toml";

/// A program and its arguments; a line for a shell is {"sh", "-c", line}.
using ProjectCommand = std::vector<std::string>;

struct SetupStep {
  std::string name;  ///< for people
  ProjectCommand run;
  bool as_user = false;
  std::vector<std::string> inputs;  ///< patterns below the project's directory
};

/// A dev container feature.
struct ProjectFeature {
  std::string reference;                       ///< in a registry
  std::map<std::string, std::string> options;  ///< "true" and "false" for booleans

  bool operator==(const ProjectFeature&) const = default;
};

/// A task or a service.
struct ProjectProgram {
  std::string name;
  std::string description;
  ProjectCommand run;
  std::vector<std::string> depends;
  std::string workdir;  ///< "": the project's directory
};

struct ProjectLimits {
  std::optional<std::uint64_t> memory;  ///< bytes
  std::optional<std::uint64_t> cpus;
  std::optional<std::uint64_t> processes;
};

struct Project {
  std::string directory;  ///< absolute, where devenv.toml is
  std::string variant;    ///< what is on top of it; "" for none
  std::string name;       ///< of the environment; "" when the file does not say
  std::string base;
  host::ShareChoice shares;
  std::optional<instance::HostCommands> host_commands;
  std::optional<std::string> storage;
  std::vector<std::string> mounts;
  std::string workdir;
  std::string shell;
  std::vector<std::string> path;
  std::vector<std::string> dotenv;
  /// What was read beside devenv.toml (dotenv files, the lock), by path; empty until somebody does.
  std::map<std::string, std::string> texts;
  /// By package manager; "" is for whichever the base has.
  std::map<std::string, std::vector<std::string>> packages;
  std::vector<std::string> tools;         ///< of tool_names()
  std::vector<std::string> repositories;  ///< in the package manager's form
  std::vector<std::string> keys;          ///< files below `directory`, or https URLs
  std::string snapshot;                   ///< a day, "2026-11-22"; "" for today
  std::vector<ProjectFeature> features;
  std::vector<SetupStep> setup;
  std::map<std::string, std::string> variables;
  std::map<std::string, ProjectCommand> hooks;  ///< by moment: "create", "start", "enter", "leave"
  instance::ExportWishes exports;
  ProjectLimits limits;
  std::vector<ProjectProgram> tasks;     ///< in the order of the file
  std::vector<ProjectProgram> services;  ///< in the order of the file
  std::vector<std::string> variants;     ///< keys of [profiles]
};

/// A file that says something about the environment: what trust is about.
struct ProjectSource {
  std::string path;  ///< absolute
  std::string contents;

  bool operator==(const ProjectSource&) const = default;
};

struct LoadedProject {
  std::optional<Project> project;  ///< nullopt when there are diagnostics
  std::vector<Diagnostic> diagnostics;
  std::vector<ProjectSource> sources;  ///< all that were read, also when something is wrong
};

/// The nearest directory from `start` (absolute) upwards that has a devenv.toml.
std::optional<std::string> find_project(const std::string& start);

/// What is wrong with the text of one file, without what it extends.
std::vector<Diagnostic> check_project(std::string_view text, const std::string& file);

/// The project that one file is alone, with a variant of it; nullopt when something is wrong with
/// it. For files that are no file yet.
std::optional<Project> parse_project(std::string_view text,
                                     const std::string& directory,
                                     const std::string& variant);

/// Reads a project and everything it extends; `variant` is a key of [profiles], "" for none. The
/// order: what is extended, in its order, the file, the variant, the local file and its variant.
/// Tables are merged key by key, lists of many add up, anything else is replaced.
LoadedProject load_project(const std::string& directory, const std::string& variant);

}  // namespace devenv::profiles
