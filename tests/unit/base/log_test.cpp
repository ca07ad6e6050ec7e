// SPDX-License-Identifier: MIT
#include "env/base/log.hpp"

#include <doctest/doctest.h>

namespace log = devenv::log;

TEST_CASE("log: level names are read, anything else is off") {
  CHECK(log::level_from_string("debug") == log::Level::debug);
  CHECK(log::level_from_string("info") == log::Level::info);
  CHECK(log::level_from_string("warn") == log::Level::warn);
  for (const char* name : {"", "off", "DEBUG", "verbose"}) {
    CHECK(log::level_from_string(name) == log::Level::off);
  }
}

TEST_CASE("log: arguments are not evaluated below the level") {
  int evaluated = 0;
  const auto count = [&] { return ++evaluated; };
  log::set_level(log::Level::off);
  LOG_WARN("{}", count());
  LOG_DEBUG("{}", count());
  CHECK(evaluated == 0);
  CHECK_FALSE(log::enabled(log::Level::warn));
  log::set_level(log::Level::info);
  CHECK(log::enabled(log::Level::warn));
  CHECK(log::enabled(log::Level::info));
  CHECK_FALSE(log::enabled(log::Level::debug));
  LOG_DEBUG("{}", count());
  CHECK(evaluated == 0);
  log::set_level(log::Level::off);
}
