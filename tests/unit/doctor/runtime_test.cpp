// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/unit/doctor/verdict_text.hpp"

namespace devenv::doctor {
namespace {

constexpr const char* kFollows = ": Wayland, sound and the session's D-Bus are not shared";

RuntimeDirectoryFacts good() {
  return {.value = "/run/user/1000",
          .exists = true,
          .is_directory = true,
          .owner = 1000,
          .mode = 0700,
          .uid = 1000,
          .usual_exists = true};
}

}  // namespace

TEST_CASE("runtime directory: the caller's own, closed to others") {
  CHECK(line(judge_runtime_directory(good())) == "pass: /run/user/1000");

  RuntimeDirectoryFacts unset{.uid = 1000, .usual_exists = true};
  CHECK(line(judge_runtime_directory(unset)) == std::string("warn: XDG_RUNTIME_DIR is not set") +
                                                    kFollows +
                                                    " [export XDG_RUNTIME_DIR=/run/user/1000]");
  unset.usual_exists = false;
  CHECK(line(judge_runtime_directory(unset)) ==
        std::string("warn: XDG_RUNTIME_DIR is not set") + kFollows +
            " [log in through a session manager (systemd-logind, elogind) instead of su or sudo]");

  RuntimeDirectoryFacts relative = good();
  relative.value = "run";
  CHECK(line(judge_runtime_directory(relative)) ==
        std::string("warn: XDG_RUNTIME_DIR is not an absolute path ('run')") + kFollows +
            " [export XDG_RUNTIME_DIR=/run/user/1000]");

  RuntimeDirectoryFacts file = good();
  file.is_directory = false;
  CHECK(line(judge_runtime_directory(file)) ==
        std::string("warn: XDG_RUNTIME_DIR is '/run/user/1000', which is no directory") + kFollows +
            " [export XDG_RUNTIME_DIR=/run/user/1000]");

  RuntimeDirectoryFacts foreign = good();
  foreign.uid = 0;
  foreign.usual_exists = false;
  CHECK(line(judge_runtime_directory(foreign)) ==
        std::string("warn: XDG_RUNTIME_DIR is '/run/user/1000', which belongs to uid 1000, not 0") +
            kFollows +
            " [log in through a session manager (systemd-logind, elogind) instead of su or sudo]");

  RuntimeDirectoryFacts open = good();
  open.mode = 0755;
  CHECK(line(judge_runtime_directory(open)) ==
        "warn: /run/user/1000 may be entered by others (mode 0755) [chmod 700 /run/user/1000]");
}

TEST_CASE("programs: both are needed") {
  CHECK(line(judge_programs({.libexec = "/usr/libexec/devenv"})) == "pass: /usr/libexec/devenv");
  CHECK(line(judge_programs({.libexec = "/x", .missing = {"devenv-image", "devenv-guest"}})) ==
        "fail: not in /x: devenv-image, devenv-guest [install devenv again, or set DEVENV_LIBEXEC "
        "to the directory that has them]");
}

TEST_CASE("bootstrap: its absence is no failure") {
  const Distribution fedora{.id = "fedora"};
  CHECK(line(judge_bootstrap(true, fedora)) == "pass: mmdebstrap is installed");
  CHECK(line(judge_bootstrap(false, fedora)) ==
        "warn: mmdebstrap is not installed: Debian and Ubuntu come from a registry only [sudo dnf "
        "install mmdebstrap]");
}

}  // namespace devenv::doctor
