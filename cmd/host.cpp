// SPDX-License-Identifier: MIT
#include "cmd/host.hpp"

#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::cmd {
namespace {

/// Inside every environment; knows the way out.
constexpr const char* kGuestInside = "/run/devenv/bin/devenv-guest";

}  // namespace

void add_host(CLI::App& app, HostOptions& options) {
  app.add_option("COMMAND", options.program, "the command, and everything that belongs to it")
      ->type_name(kind::kCommand)
      ->required();
  app.footer(
      "Typed inside an environment. Everything after COMMAND belongs to it, flags included.\n"
      "\n"
      "Examples:\n"
      "  devenv host systemctl --user status\n"
      "  devenv host podman ps");
}

Result<ExitCode> run_host(const HostOptions& options, Context&) {
  std::vector<std::string> words = {options.program};
  words.insert(words.end(), options.command.begin(), options.command.end());
  if (sys::exists(kGuestInside)) {
    words.insert(words.begin(), "host");
    return fail(sys::exec_path(kGuestInside, words, sys::current_environment())
                    .context(format("cannot run '{}'", kGuestInside)));
  }
  return fail(Error(ErrorCode::usage, "this is the host already")
                  .with_hint(format("type it as it is: {}", text::sanitize(join(words, " ")))));
}

}  // namespace devenv::cmd
