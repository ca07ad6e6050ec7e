// SPDX-License-Identifier: MIT
// The developer's log: what the program did, to stderr, off unless asked for.
#pragma once

#include <string_view>

#include "env/base/format.hpp"

namespace devenv::log {

enum class Level { off, warn, info, debug };

/// Sets what is written. Called once, by main.
void set_level(Level level);
/// "debug", "info", "warn"; anything else is off.
Level level_from_string(std::string_view name);
bool enabled(Level level);
void write(Level level, std::string_view message);

}  // namespace devenv::log

// Macros, so that arguments are not evaluated when the level is off.
#define DEVENV_LOG_AT(level, ...)                                 \
  do {                                                            \
    if (::devenv::log::enabled(level)) {                          \
      ::devenv::log::write(level, ::devenv::format(__VA_ARGS__)); \
    }                                                             \
  } while (false)
#define LOG_DEBUG(...) DEVENV_LOG_AT(::devenv::log::Level::debug, __VA_ARGS__)
#define LOG_INFO(...) DEVENV_LOG_AT(::devenv::log::Level::info, __VA_ARGS__)
#define LOG_WARN(...) DEVENV_LOG_AT(::devenv::log::Level::warn, __VA_ARGS__)
