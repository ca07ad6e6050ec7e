// SPDX-License-Identifier: MIT
#include "env/image/registry/trust.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "env/sys/file.hpp"
#include "tests/support/scratch.hpp"

namespace devenv::image::registry {
namespace {

TEST_CASE("trust: the first directory of a host counts") {
  const test::Scratch scratch;
  const auto write = [&](const std::string& file, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(scratch / file).parent_path());
    REQUIRE(sys::write_file_atomic(scratch / file, text));
  };
  write("bundle", "system");
  const Trust trust({scratch / "user", scratch / "etc"}, scratch / "bundle");
  CHECK(trust.for_host("quay.io").value() == TlsSettings{});
  write("etc/quay.io/a.crt", "etc");
  CHECK(trust.for_host("quay.io")->authorities == "etc\nsystem");
  CHECK(trust.for_host("quay.io:5000").value() == TlsSettings{});
  write("user/quay.io/a.crt", "A");
  write("user/quay.io/b.crt", "B");
  write("user/quay.io/README", "no certificate");
  CHECK(trust.for_host("quay.io")->authorities == "A\nB\nsystem");
  CHECK(trust.for_host("quay.io")->directory == scratch / "user/quay.io");
  // Without authorities of its own, those of the system are taken as they are.
  write("user/ghcr.io/me.cert", "");
  write("user/ghcr.io/me.key", "");
  write("user/ghcr.io/other.cert", "");
  write("user/ghcr.io/other.key", "");
  CHECK(trust.for_host("ghcr.io").value() ==
        TlsSettings{.verify = true,
                    .authorities = "",
                    .directory = "",
                    .certificate_file = scratch / "user/ghcr.io/me.cert",
                    .key_file = scratch / "user/ghcr.io/me.key"});
}

TEST_CASE("trust: people's own directories are those of containers and of docker") {
  const test::Scratch scratch;
  for (const char* tool : {"docker", "containers"}) {
    const std::string directory = scratch / (std::string(tool) + "/certs.d/quay.io");
    std::filesystem::create_directories(directory);
    REQUIRE(sys::write_file_atomic(directory + "/ca.crt", tool));
    const Trust trust = Trust::of_caller([&](const char* name) -> std::string {
      return name == std::string_view("XDG_CONFIG_HOME") ? scratch.path() : "";
    });
    CHECK(trust.for_host("quay.io")->authorities.starts_with(std::string(tool) + "\n"));
  }
}

TEST_CASE("trust: a certificate without its key is an error, and so is the reverse") {
  const test::Scratch scratch;
  for (const auto& [file, missing] : {std::pair{"me.cert", "me.key"}, {"me.key", "me.cert"}}) {
    const std::string directory = scratch / (std::string(file) + ".example");
    std::filesystem::create_directories(directory);
    REQUIRE(sys::write_file_atomic(directory + "/" + file, ""));
    const auto settings = Trust({scratch.path()}, "").for_host(std::string(file) + ".example");
    REQUIRE_FALSE(settings);
    CHECK(settings.error().message() ==
          "'" + directory + "/" + file + "' is there without '" + missing + "'");
  }
}

TEST_CASE("trust: a host is no way out of the directory") {
  const test::Scratch scratch;
  std::filesystem::create_directories(scratch / "certs.d");
  std::filesystem::create_directories(scratch / "a");
  REQUIRE(sys::write_file_atomic(scratch / "x.crt", "X"));
  const Trust trust({scratch / "certs.d"}, "");
  CHECK(trust.for_host("..").value() == TlsSettings{});
  CHECK(trust.for_host("../a").value() == TlsSettings{});
}

}  // namespace
}  // namespace devenv::image::registry
