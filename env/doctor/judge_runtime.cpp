// SPDX-License-Identifier: MIT
#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/doctor/facts.hpp"

namespace devenv::doctor {
namespace {

constexpr std::string_view kWhatFollows = "Wayland, sound and the session's D-Bus are not shared";

Verdict warning(std::string detail, std::string hint) {
  return {.status = Status::warn,
          .detail = format("{}: {}", detail, kWhatFollows),
          .hint = std::move(hint)};
}

std::string unset_hint(const RuntimeDirectoryFacts& facts) {
  if (facts.usual_exists) {
    return format("export XDG_RUNTIME_DIR=/run/user/{}", facts.uid);
  }
  return "log in through a session manager (systemd-logind, elogind) instead of su or sudo";
}

}  // namespace

Verdict judge_runtime_directory(const RuntimeDirectoryFacts& facts) {
  if (facts.value.empty()) {
    return warning("XDG_RUNTIME_DIR is not set", unset_hint(facts));
  }
  const std::string value = text::sanitize(facts.value);
  if (!facts.value.starts_with('/')) {
    return warning(format("XDG_RUNTIME_DIR is not an absolute path ('{}')", value),
                   unset_hint(facts));
  }
  if (!facts.exists || !facts.is_directory) {
    return warning(format("XDG_RUNTIME_DIR is '{}', which is no directory", value),
                   unset_hint(facts));
  }
  if (facts.owner != facts.uid) {
    return warning(format("XDG_RUNTIME_DIR is '{}', which belongs to uid {}, not {}", value,
                          facts.owner, facts.uid),
                   unset_hint(facts));
  }
  constexpr std::uint32_t kOthers = 077;
  if ((facts.mode & kOthers) != 0) {
    return {.status = Status::warn,
            .detail = format("{} may be entered by others (mode {:04o})", value, facts.mode),
            .hint = format("chmod 700 {}", text::shell_quote(facts.value))};
  }
  return {.detail = value};
}

Verdict judge_programs(const ProgramFacts& facts) {
  const std::string libexec = text::sanitize(facts.libexec);
  if (!facts.missing.empty()) {
    return {.status = Status::fail,
            .detail = format("not in {}: {}", libexec, join(facts.missing, ", ")),
            .hint = "install devenv again, or set DEVENV_LIBEXEC to the directory that has them"};
  }
  return {.detail = libexec};
}

Verdict judge_bootstrap(bool installed, const Distribution& distribution) {
  if (installed) {
    return {.detail = "mmdebstrap is installed"};
  }
  return {.status = Status::warn,
          .detail = "mmdebstrap is not installed: Debian and Ubuntu come from a registry only",
          .hint = install_hint(distribution, Package::mmdebstrap)};
}

}  // namespace devenv::doctor
