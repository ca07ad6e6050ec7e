// SPDX-License-Identifier: MIT
#include "env/host/shares.hpp"

#include <doctest/doctest.h>

#include <set>

#include "env/base/text.hpp"
#include "env/host/facts.hpp"

namespace devenv::host {
namespace {

ShareStatus status_of(const std::string& name, const ShareChoice& choice, const Facts& facts) {
  for (const ShareStatus& status : share_statuses(choice, facts)) {
    if (status.share->name == name) {
      return status;
    }
  }
  FAIL(name);
  return {};
}

}  // namespace

TEST_CASE("shares: each row is well-formed and named once") {
  std::set<std::string_view> names;
  for (const Share& share : all_shares()) {
    CAPTURE(share.name);
    CHECK(names.insert(share.name).second);
    CHECK_FALSE(share.summary.empty());
    CHECK(find_share(share.name) == &share);
    for (const std::string_view list : {share.needs, share.links, share.mounts, share.devices}) {
      for (const std::string_view path : text::split(list, ' ')) {
        const bool good = path.empty() ? list.empty() : path[0] == '/' || path.starts_with("@/");
        CHECK_MESSAGE(good, path);
      }
    }
    for (const std::string_view path : text::split(share.devices, ' ')) {
      CHECK((path.empty() || path.starts_with("/dev/")));
    }
  }
}

TEST_CASE("shares: why one is off") {
  Facts facts{.home = "/home/ann", .canonical_home = "/home/ann"};
  facts.present = {"/run/cups"};
  CHECK(status_of("home", {}, facts).on);
  CHECK(status_of("printing", {}, facts).on);
  CHECK(status_of("printing", {.off = {"printing"}}, facts).reason == "switched off");
  CHECK(status_of("smartcards", {}, facts).reason == "the host has no /run/pcscd");
  CHECK(status_of("audio-pulse", {}, facts).reason == "there is no XDG_RUNTIME_DIR");
  facts.runtime_directory = "/run/user/1000";
  CHECK(status_of("audio-pulse", {}, facts).reason == "the host has no 'pulse' in XDG_RUNTIME_DIR");
  facts.present.insert("/run/user/1000/pulse");
  CHECK(status_of("audio-pulse", {}, facts).on);
  facts.present.insert("/etc/ssl/cert.pem");
  CHECK(status_of("ca-certificates", {}, facts).reason == "only on request");
  CHECK(status_of("ca-certificates", {.on = {"ca-certificates"}}, facts).on);
}

TEST_CASE("shares: the later choice has the last word") {
  const ShareChoice config{.on = {"ca-certificates"}, .off = {"home", "usb"}};
  const ShareChoice merged = config.overridden_by({.on = {"home"}, .off = {"ca-certificates"}});
  CHECK(merged == ShareChoice{.on = {"home"}, .off = {"usb", "ca-certificates"}});
  CHECK(merged.wants("home"));
  CHECK_FALSE(merged.wants("usb"));
  CHECK_FALSE(merged.wants("ca-certificates"));
  CHECK(merged.overridden_by({}) == merged);
}

TEST_CASE("shares: an unknown name is told, with what was meant") {
  CHECK(check_share_names({"home", "kvm"}));
  const auto wrong = check_share_names({"audio-puls"});
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code() == ErrorCode::usage);
  CHECK(wrong.error().hint() == "did you mean 'audio-pulse'?");
}

}  // namespace devenv::host
