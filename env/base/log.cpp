// SPDX-License-Identifier: MIT
#include "env/base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace devenv::log {
namespace {

Level current_level = Level::off;

/// Created at the first line: a run that logs nothing pays nothing.
spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    // spdlog's default logger writes to stdout, which is for data.
    auto made = std::make_shared<spdlog::logger>("devenv",
                                                 std::make_shared<spdlog::sinks::stderr_sink_st>());
    made->set_level(spdlog::level::debug);
    made->set_pattern("%H:%M:%S.%f %P %l: %v");
    return made;
  }();
  return *instance;
}

}  // namespace

void set_level(Level level) {
  current_level = level;
}

Level level_from_string(std::string_view name) {
  if (name == "debug") {
    return Level::debug;
  }
  if (name == "info") {
    return Level::info;
  }
  return name == "warn" ? Level::warn : Level::off;
}

bool enabled(Level level) {
  return level <= current_level;
}

void write(Level level, std::string_view message) {
  switch (level) {
    case Level::debug:
      logger().debug("{}", message);
      break;
    case Level::info:
      logger().info("{}", message);
      break;
    case Level::warn:
      logger().warn("{}", message);
      break;
    case Level::off:
      break;
  }
}

}  // namespace devenv::log
