// SPDX-License-Identifier: MIT
// One environment on disk: what was asked for (spec.json) and what it is (state.json).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/digest.hpp"
#include "env/base/json.hpp"
#include "env/host/shares.hpp"
#include "env/instance/name.hpp"
#include "env/sandbox/storage.hpp"

namespace devenv::instance {

/// Whether programs inside may run commands on the host.
enum class HostCommands {
  allow,
  ask,  ///< the user is asked each time, on the display of the host
  deny,
};

/// "allow", "ask", "deny".
std::string_view to_string(HostCommands policy);
/// Errors: usage.
Result<HostCommands> parse_host_commands(std::string_view text);

/// What an environment puts onto the host's desktop, shells and service manager by itself, as soon
/// as it is there. See env/export.
struct ExportWishes {
  bool automatic = false;  ///< every app with an entry in menus
  std::vector<std::string> apps;
  std::vector<std::string> binaries;
  std::vector<std::string> services;

  bool any() const { return automatic || !apps.empty() || !binaries.empty() || !services.empty(); }
  bool operator==(const ExportWishes&) const = default;
};

/// A directory or file of the host that is to appear inside.
struct ExtraMount {
  std::string source;  ///< absolute, on the host
  std::string target;  ///< absolute, inside
  bool read_only = false;

  bool operator==(const ExtraMount&) const = default;
};
/// "HOST:INSIDE", "HOST:INSIDE:ro", or one path for both. A relative HOST is below `base`, one that
/// begins with "~/" below `home`. Errors: usage.
Result<ExtraMount> parse_mount(std::string_view text,
                               const std::string& base,
                               const std::string& home);
/// As parse_mount reads it.
std::string to_string(const ExtraMount& mount);

/// What everything that runs inside finds, on top of what image and host bring.
struct Surroundings {
  std::vector<std::string> variables;  ///< "NAME=value"
  std::vector<std::string> path;       ///< absolute directories in front of PATH
  std::string shell;                   ///< of `enter`; "": the user's
  std::string workdir;                 ///< of tasks, and of shells from elsewhere; "": none

  bool operator==(const Surroundings&) const = default;
};

/// A program and its arguments; a line for a shell is {"sh", "-c", line}.
using CommandWords = std::vector<std::string>;

/// Commands at certain moments, as the user, inside; empty: none.
struct Hooks {
  CommandWords create;
  CommandWords start;
  CommandWords enter;
  CommandWords leave;

  bool operator==(const Hooks&) const = default;
};

/// What it may use of the machine.
struct Limits {
  std::optional<std::uint64_t> memory;     ///< bytes
  std::optional<std::uint64_t> cpus;       ///< processors' worth of time
  std::optional<std::uint64_t> processes;  ///< and threads

  bool any() const { return memory || cpus || processes; }
  bool operator==(const Limits&) const = default;
};

/// What the user asked for. Edited by people through commands; read at each start.
struct Spec {
  std::string image;    ///< as given: a reference, a file, or the profile's choice
  std::string profile;  ///< name of the profile it came from; "" if none
  std::optional<sandbox::StorageDriver> storage;  ///< nullopt: automatic
  std::string created_at;                         ///< RFC 3339 UTC
  host::ShareChoice shares;                       ///< what it has of the host
  HostCommands host_commands = HostCommands::allow;
  ExportWishes exports;
  std::string project;    ///< directory of the devenv.toml it belongs to; "" if none
  bool host_root = true;  ///< this machine's root is below /run/host
  std::vector<ExtraMount> mounts;
  Surroundings surroundings;
  Hooks hooks;
  Limits limits;
  std::string came_from;  ///< the engine whose container it was: "podman", "docker"; "" if none

  Json to_json() const;
  static Result<Spec> from_json(const Json& json);
};

/// What it became. Written once the environment is complete; its presence makes it exist.
struct State {
  std::string image_reference;  ///< canonical
  Digest manifest_digest;
  std::vector<Digest> layers;  ///< chain ids, lowest first
  sandbox::StorageDriver storage;
  std::string id_map;                          ///< IdMap::to_string() it was made with
  std::vector<std::string> image_environment;  ///< variables of the image, "NAME=value"

  Json to_json() const;
  static Result<State> from_json(const Json& json);
};

/// Where an environment is: all that is needed to end or remove one, whatever its files say.
struct EnvironmentDirectory {
  EnvironmentName name;
  std::string directory;  ///< envs/<name>

  /// Held by whoever keeps the environment running; the kernel gives it back when they end.
  std::string lock_file() const { return directory + "/lock"; }
  /// Held for the moment of starting or removing it.
  std::string start_lock_file() const { return directory + "/start.lock"; }
  std::string running_file() const { return directory + "/running.json"; }
};

struct Environment : EnvironmentDirectory {
  Spec spec;
  State state;

  std::string upper() const { return directory + "/upper"; }
  std::string work() const { return directory + "/work"; }
  std::string mount_point() const { return directory + "/root"; }
  /// The home of an environment that does not share the user's.
  std::string private_home() const { return directory + "/home"; }
  /// Directories that take the place of some in the user's home (host/editors.hpp).
  std::string private_directories() const { return directory + "/private"; }
};

}  // namespace devenv::instance
