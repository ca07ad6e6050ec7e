// SPDX-License-Identifier: MIT
// devenv list
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/cli.hpp"
#include "env/base/json.hpp"
#include "env/instance/environment.hpp"

namespace devenv::cmd {

struct ListOptions {
  bool json = false;
};
void add_list(CLI::App& app, ListOptions& options);
Result<ExitCode> run_list(const ListOptions& options, Context& context);

enum class EnvironmentStatus { running, stopped, damaged };
std::string_view to_string(EnvironmentStatus status);

/// What is told about one environment; table and JSON are made of it.
struct ListEntry {
  std::string name;
  EnvironmentStatus status = EnvironmentStatus::stopped;
  std::optional<instance::Spec> spec;             ///< nullopt when damaged
  std::optional<sandbox::StorageDriver> storage;  ///< nullopt when damaged
  std::optional<pid_t> pid;                       ///< of a process inside, when running
  std::optional<Error> damage;                    ///< why it cannot be read
};

/// All environments, sorted by name.
Result<std::vector<ListEntry>> list_entries(Context& context);

std::string list_table(const std::vector<ListEntry>& entries, const Style& style);
Json list_document(const std::vector<ListEntry>& entries);

/// "2026-11-22 03:00" of "2026-11-22T03:00:00Z": for people; other text as it is.
std::string short_time(const std::string& timestamp);

/// null instead of an empty text.
Json text_or_null(const std::string& text);

}  // namespace devenv::cmd
