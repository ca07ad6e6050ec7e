// SPDX-License-Identifier: MIT
#include "env/image/fetch/apt_sources.hpp"

#include <doctest/doctest.h>

namespace devenv::image::fetch {
namespace {

using Lines = std::vector<std::string>;

TEST_CASE("apt sources: reads the one-line format") {
  const auto sources = parse_sources_list(
      "# a comment\n"
      "deb http://deb.debian.org/debian bookworm main contrib # and this\n"
      "deb-src http://deb.debian.org/debian bookworm main\n"
      "deb [arch=amd64 signed-by=/a b.gpg] https://mirror/debian/ bookworm-security main\n"
      "deb\n"
      "deb [open http://x y\n");
  REQUIRE(sources.size() == 2);
  CHECK(sources[0].uris == Lines{"http://deb.debian.org/debian"});
  CHECK(sources[0].suites == Lines{"bookworm"});
  CHECK(sources[0].components == Lines{"main", "contrib"});
  CHECK(sources[1].uris == Lines{"https://mirror/debian/"});
  CHECK(sources[1].suites == Lines{"bookworm-security"});
}

TEST_CASE("apt sources: reads the deb822 format") {
  const auto sources = parse_deb822_sources(
      "# comment\n"
      "Types: deb deb-src\n"
      "URIs: http://a/debian\n"
      " http://b/debian\n"
      "# in between\n"
      "Suites: bookworm bookworm-updates\n"
      "Components: main\n"
      "Signed-By:\n"
      " -----BEGIN PGP PUBLIC KEY BLOCK-----\n"
      "\n"
      "Types: deb\n"
      "Enabled: no\n"
      "URIs: http://c/debian\n"
      "Suites: sid\n"
      "\n"
      "types: deb\n"
      "uris: http://d/debian\n"
      "suites: sid\n"
      "components: main\n");
  REQUIRE(sources.size() == 2);
  CHECK(sources[0].uris == Lines{"http://a/debian", "http://b/debian"});
  CHECK(sources[0].suites == Lines{"bookworm", "bookworm-updates"});
  CHECK(sources[0].components == Lines{"main"});
  CHECK(sources[1].uris == Lines{"http://d/debian"});
}

TEST_CASE("apt sources: the host's mirrors are those of its own release") {
  const std::vector<AptSource> sources = {
      {{"https://packages.example/apt"}, {"stable"}, {"main"}},
      {{"cdrom:[Debian]/", "http://near/debian/"}, {"bookworm", "bookworm-updates"}, {"main"}},
      {{"http://far/debian"}, {"bookworm"}, {"main"}},
      {{"http://near/debian-security"}, {"bookworm-security"}, {"main"}},
  };
  const auto mirrors = host_mirrors(sources, "debian", "bookworm");
  REQUIRE(mirrors);
  CHECK(mirrors->archive == "http://near/debian");
  CHECK(mirrors->security == "http://near/debian-security");
  CHECK(mirrors->updates);
}

TEST_CASE("apt sources: a host on testing or unstable is recognized by the path") {
  const auto mirrors =
      host_mirrors({{{"http://m/debian"}, {"unstable"}, {"main"}}}, "debian", "forky");
  REQUIRE(mirrors);
  CHECK(mirrors->archive == "http://m/debian");
  CHECK(mirrors->security.empty());
  CHECK_FALSE(mirrors->updates);
}

TEST_CASE("apt sources: what cannot be used is passed over") {
  for (const AptSource& source : {AptSource{{"file:/srv/debian"}, {"bookworm"}, {"main"}},
                                  AptSource{{"http://u:secret@m/debian"}, {"bookworm"}, {"main"}},
                                  AptSource{{"http://m/debian"}, {"bookworm"}, {"contrib"}},
                                  AptSource{{"http://m/other"}, {"stable"}, {"main"}}}) {
    CHECK_FALSE(host_mirrors({source}, "debian", "bookworm"));
  }
}

TEST_CASE("apt sources: lines for the new system") {
  const AptMirrors mirrors{"http://m/debian", "http://s/debian-security", true};
  CHECK(sources_lines(mirrors, "debian", "trixie", "") ==
        Lines{"deb http://m/debian trixie main", "deb http://m/debian trixie-updates main",
              "deb http://s/debian-security trixie-security main"});
  CHECK(sources_lines(mirrors, "debian", "sid", "/k.gpg") ==
        Lines{"deb [signed-by=/k.gpg] http://m/debian sid main"});
  CHECK(sources_lines({"http://m/ubuntu", "", false}, "ubuntu", "noble", "") ==
        Lines{"deb http://m/ubuntu noble main universe"});
}

TEST_CASE("apt sources: public mirrors by architecture") {
  CHECK(public_mirrors("debian", "arm64").archive == "http://deb.debian.org/debian");
  CHECK(public_mirrors("ubuntu", "amd64").archive == "http://archive.ubuntu.com/ubuntu");
  CHECK(public_mirrors("ubuntu", "arm64").security == "http://ports.ubuntu.com/ubuntu-ports");
}

TEST_CASE("apt sources: proxies without passwords are handed on") {
  CHECK(proxy_options("Acquire \"\";\n"
                      "Acquire::http \"\";\n"
                      "Acquire::http::Proxy \"http://proxy:3142\";\n"
                      "Acquire::http::Proxy::deb.local \"DIRECT\";\n"
                      "Acquire::https::Proxy \"http://user:secret@proxy:3128\";\n"
                      "Acquire::http::Proxy-Auto-Detect \"/usr/bin/detect\";\n"
                      "Acquire::https::Proxy \"\";\n") ==
        Lines{"--aptopt=Acquire::http::Proxy \"http://proxy:3142\"",
              "--aptopt=Acquire::http::Proxy::deb.local \"DIRECT\""});
  CHECK(proxy_options("").empty());
}

}  // namespace
}  // namespace devenv::image::fetch
