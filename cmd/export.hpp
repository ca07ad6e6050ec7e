// SPDX-License-Identifier: MIT
// devenv export
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct ExportOptions {
  std::optional<std::string> name;
  // what
  std::vector<std::string> apps;
  std::vector<std::string> binaries;
  std::vector<std::string> services;
  bool all_apps = false;
  bool launcher = false;
  // instead of exporting
  bool remove = false;
  bool renew = false;
  bool watch = false;
  bool list = false;
  bool available = false;
  bool automatic = false;
  bool not_automatic = false;
  // how
  std::optional<std::string> label;
  std::vector<std::string> arguments;
  std::vector<std::string> variables;
  bool as_root = false;
  std::optional<std::string> directory;
  bool autostart = false;
  bool bus = false;
  bool json = false;
};
void add_export(CLI::App& app, ExportOptions& options);
Result<ExitCode> run_export(const ExportOptions& options, Context& context);

}  // namespace devenv::cmd
