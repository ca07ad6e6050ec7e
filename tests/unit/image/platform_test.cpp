// SPDX-License-Identifier: MIT
#include "env/image/platform.hpp"

#include <doctest/doctest.h>

#include "env/image/manifest.hpp"

using devenv::Digest;
using devenv::ErrorCode;
using namespace devenv::image;

namespace {

IndexEntry entry(std::optional<Platform> platform, char id) {
  return IndexEntry{{std::string(kOciManifestType), Digest::from_bytes(std::string(32, id)), 1},
                    std::move(platform)};
}

Platform linux_on(std::string architecture, std::string variant = "") {
  return {"linux", std::move(architecture), std::move(variant)};
}

}  // namespace

TEST_CASE("platform: parses what people and kernels write") {
  struct Row {
    const char* text;
    const char* canonical;
  };
  for (const Row& row : {
           Row{"linux/amd64", "linux/amd64"},
           Row{"amd64", "linux/amd64"},
           Row{"x86_64", "linux/amd64"},
           Row{"Linux/AMD64/v3", "linux/amd64/v3"},
           Row{"linux/arm64", "linux/arm64/v8"},
           Row{"aarch64", "linux/arm64/v8"},
           Row{"linux/arm/v6", "linux/arm/v6"},
           Row{"linux/arm", "linux/arm/v7"},
           Row{"i686", "linux/386"},
           Row{"windows/amd64", "windows/amd64"},
           Row{"riscv64", "linux/riscv64"},
           Row{"s390x", "linux/s390x"},
       }) {
    CAPTURE(row.text);
    const auto platform = Platform::parse(row.text);
    REQUIRE(platform);
    CHECK(platform->string() == row.canonical);
  }
  for (const char* text : {"", "/", "linux/", "/amd64", "linux/arm/v7/x", "linux amd64", "a\x1b"}) {
    CAPTURE(text);
    const auto platform = Platform::parse(text);
    REQUIRE_FALSE(platform);
    CHECK(platform.error().code() == ErrorCode::usage);
  }
}

TEST_CASE("platform: the running kernel has one") {
  const Platform host = host_platform();
  CHECK(host.os == "linux");
  CHECK_FALSE(host.architecture.empty());
  CHECK(platform_of_machine("armv6l") == linux_on("arm", "v6"));
  CHECK(platform_of_machine("something-new") == linux_on("something-new"));
}

TEST_CASE("platform: newer members of a family run what was made for older ones") {
  using Names = std::vector<std::string>;
  CHECK(acceptable_variants(linux_on("arm", "v7")) == Names{"v7", "v6", "v5", ""});
  CHECK(acceptable_variants(linux_on("arm", "v5")) == Names{"v5", ""});
  CHECK(acceptable_variants(linux_on("arm64", "v8")) == Names{"v8", ""});
  CHECK(acceptable_variants(linux_on("arm64")) == Names{"", "v8"});
  CHECK(acceptable_variants(linux_on("amd64")) == Names{"", "v1"});
  CHECK(acceptable_variants(linux_on("amd64", "v3")) == Names{"v3", "v2", "v1", ""});
  CHECK(acceptable_variants(linux_on("riscv64")) == Names{""});
  CHECK(acceptable_variants(linux_on("riscv64", "rva23u64")) == Names{"rva23u64", ""});

  CHECK(runs_on(linux_on("arm", "v6"), linux_on("arm", "v7")));
  CHECK_FALSE(runs_on(linux_on("arm", "v7"), linux_on("arm", "v6")));
  CHECK_FALSE(runs_on(linux_on("arm", "v7"), linux_on("arm64", "v8")));
  CHECK_FALSE(runs_on(linux_on("amd64", "v2"), linux_on("amd64")));
  CHECK(runs_on(linux_on(""), linux_on("amd64")));
  CHECK_FALSE(runs_on({"windows", "", ""}, linux_on("amd64")));
}

TEST_CASE("platform: the best entry of an index is chosen, whatever the order") {
  const Index arm{"",
                  {entry(linux_on("arm"), 'a'), entry(linux_on("arm", "v5"), 'b'),
                   entry(linux_on("arm", "v7"), 'c'), entry(linux_on("arm", "v6"), 'd'),
                   entry(linux_on("arm64", "v8"), 'e')}};
  CHECK(choose_entry(arm, linux_on("arm", "v7"))->platform->variant == "v7");
  CHECK(choose_entry(arm, linux_on("arm", "v6"))->platform->variant == "v6");
  CHECK(choose_entry(arm, linux_on("arm64", "v8"))->platform->architecture == "arm64");

  const Index twice{"", {entry(linux_on("amd64"), 'a'), entry(linux_on("amd64"), 'b')}};
  CHECK(choose_entry(twice, linux_on("amd64"))->manifest.digest ==
        Digest::from_bytes(std::string(32, 'a')));
}

TEST_CASE(
    "platform: attestations are passed over, entries without a platform are the last choice") {
  IndexEntry attestation = entry(std::nullopt, 'x');
  attestation.is_image = false;
  const Index index{"", {attestation, entry(std::nullopt, 'n'), entry(linux_on("amd64"), 'a')}};
  CHECK(choose_entry(index, linux_on("amd64"))->manifest.digest ==
        Digest::from_bytes(std::string(32, 'a')));
  CHECK(choose_entry(index, linux_on("arm64"))->manifest.digest ==
        Digest::from_bytes(std::string(32, 'n')));
}

TEST_CASE("platform: when nothing fits the error lists what there is") {
  IndexEntry attestation = entry(Platform{"unknown", "unknown", ""}, 'x');
  attestation.is_image = false;
  const Index index{
      "",
      {entry(linux_on("amd64"), 'a'), entry(linux_on("arm", "v7"), 'b'),
       entry(linux_on("amd64"), 'c'), entry(Platform{"windows", "\x1b[1m", ""}, 'd'), attestation}};
  const auto none = choose_entry(index, linux_on("s390x"));
  REQUIRE_FALSE(none);
  CHECK(none.error().code() == ErrorCode::unsupported);
  CHECK(none.error().message() ==
        "there is no image for linux/s390x, only for linux/amd64, linux/arm/v7, windows/\\x1b[1m");
  const auto empty = choose_entry(Index{"", {attestation}}, linux_on("amd64"));
  REQUIRE_FALSE(empty);
  CHECK(empty.error().message() == "there is no image for linux/amd64: the index has no images");
}
