// SPDX-License-Identifier: MIT
// From a unit inside to one for the user's service manager on the host. Pure.
// Source: systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.timer(5) of systemd 252.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"
#include "env/export/ledger.hpp"

namespace devenv::exporting {

struct ServiceInput {
  std::string environment_name;
  std::string unit;     ///< "syncthing.service", "foo@.service" (a template), "foo@bar.service"
  std::string source;   ///< path inside
  std::string program;  ///< absolute path of devenv on the host
  /// From a directory of system units: runs as root inside unless User= says otherwise.
  bool of_system = false;
  std::string home;                   ///< the user's, on both sides
  bool home_shared = true;            ///< it is the host's
  bool runtime_shared = true;         ///< so is XDG_RUNTIME_DIR
  std::vector<std::string> drop_ins;  ///< contents of UNIT.d/*.conf, in the order they count
  /// Arguments come after those of each ExecStart=; variables and root are for all commands.
  ExportOptions options;
  /// The contents of a file inside; nullopt when there is none.
  std::function<std::optional<std::string>(const std::string& path)> read;
  std::function<bool(const std::string& path)> is_directory;  ///< inside
  /// What another unit of the environment is called on the host; nullopt when it is not there.
  std::function<std::optional<std::string>(const std::string& unit)> host_name;
};

struct ServiceUnit {
  std::string text;
  /// "Requires=redis.service": what the host's manager cannot do for it, for people to read.
  std::vector<std::string> left_out;
  /// Variables of files inside are in it, which others need not read.
  bool is_private = false;
};

/// "devenv-fedora-syncthing.service". Templates and instances stay what they are.
std::string host_unit_name(std::string_view environment_name, std::string_view unit);

/// Commands go through `devenv run`, so that stopping the unit ends what it started: everything
/// stays in its control group. Kept are restart semantics, timeouts, limits, the messages of
/// sd_notify(3), and dependencies on units that the host has. Variables, working directory, and
/// directories like StateDirectory= are those of the environment; conditions on files are looked at
/// inside. Units of the system run as root or User= inside. Left out is what would keep an
/// environment from being entered (NoNewPrivileges=, PrivateUsers= and the other isolation), and
/// what an ordinary user may not have. Errors: failed when there is no ExecStart=.
Result<ServiceUnit> rewrite_service(std::string_view unit, const ServiceInput& input);

/// The same for a timer, which starts the exported service. `input.host_name` has to know that one.
Result<ServiceUnit> rewrite_timer(std::string_view unit, const ServiceInput& input);

}  // namespace devenv::exporting
