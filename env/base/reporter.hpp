// SPDX-License-Identifier: MIT
// How the library tells people what it does: it never prints.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace devenv {

/// Receives steps, warnings and progress. The terminal, JSON output and tests implement it.
class Reporter {
 public:
  Reporter() = default;
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;
  virtual ~Reporter() = default;

  /// Something is about to be done: "pulling docker.io/library/debian:13".
  virtual void step(std::string_view message) = 0;

  /// Something went wrong that does not stop the work. `hint` may be empty.
  virtual void warn(std::string_view message, std::string_view hint) = 0;

  /// Progress of one of several parallel tasks. `id` names the task ("layer 3f2a9c01b7de").
  /// `total` is 0 while unknown; the task is over when `finished` is true.
  virtual void progress(std::string_view id,
                        std::string_view activity,
                        std::uint64_t done,
                        std::uint64_t total,
                        bool finished) = 0;
};

/// Says nothing.
class NullReporter final : public Reporter {
 public:
  void step(std::string_view /*message*/) override {}
  void warn(std::string_view /*message*/, std::string_view /*hint*/) override {}
  void progress(std::string_view /*id*/,
                std::string_view /*activity*/,
                std::uint64_t /*done*/,
                std::uint64_t /*total*/,
                bool /*finished*/) override {}
};

}  // namespace devenv
