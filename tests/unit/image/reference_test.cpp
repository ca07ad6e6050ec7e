// SPDX-License-Identifier: MIT
#include "env/image/reference.hpp"

#include <doctest/doctest.h>

using devenv::ErrorCode;
using devenv::image::Reference;

namespace {
const std::string kHex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const std::string kDigest = "sha256:" + kHex;
}  // namespace

TEST_CASE("reference: fills in Docker's defaults") {
  struct Row {
    std::string text;
    std::string canonical;
    std::string suggested_name;
  };
  for (const Row& row : {
           Row{"debian", "docker.io/library/debian:latest", "debian"},
           Row{"debian:13", "docker.io/library/debian:13", "debian-13"},
           Row{"docker.io/debian", "docker.io/library/debian:latest", "debian"},
           Row{"index.docker.io/debian", "docker.io/library/debian:latest", "debian"},
           Row{"docker://debian:13-slim", "docker.io/library/debian:13-slim", "debian-13-slim"},
           Row{"ada/tool", "docker.io/ada/tool:latest", "tool"},
           Row{"quay.io/centos/centos:stream9", "quay.io/centos/centos:stream9", "centos-stream9"},
           Row{"registry.fedoraproject.org/fedora-toolbox:43",
               "registry.fedoraproject.org/fedora-toolbox:43", "fedora-toolbox-43"},
           Row{"localhost/mine", "localhost/mine:latest", "mine"},
           Row{"localhost:5000/mine:V1.0_b", "localhost:5000/mine:V1.0_b", "mine-V1.0_b"},
           Row{"localhost:5000", "docker.io/library/localhost:5000", "localhost-5000"},
           Row{"127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c:latest", "c"},
           Row{"[::1]:5000/a", "[::1]:5000/a:latest", "a"},
           Row{"[2001:db8::1]/a:1", "[2001:db8::1]/a:1", "a-1"},
           Row{"Registry/a", "Registry/a:latest", "a"},
           Row{"a.b/c__d/e---f/g.h", "a.b/c__d/e---f/g.h:latest", "g.h"},
           Row{"debian@" + kDigest, "docker.io/library/debian@" + kDigest, "debian"},
           Row{"debian:13@" + kDigest, "docker.io/library/debian:13@" + kDigest, "debian-13"},
           Row{"debian:" + std::string(128, 'x'),
               "docker.io/library/debian:" + std::string(128, 'x'),
               "debian-" + std::string(56, 'x')},
       }) {
    CAPTURE(row.text);
    const auto reference = Reference::parse(row.text);
    REQUIRE(reference);
    CHECK(reference->string() == row.canonical);
    CHECK(reference->suggested_name() == row.suggested_name);
    // What is written is read as the same thing.
    CHECK(Reference::parse(reference->string()) == *reference);
  }
}

TEST_CASE("reference: has its parts") {
  const auto reference = Reference::parse("localhost:5000/team/tool:2@" + kDigest);
  REQUIRE(reference);
  CHECK(reference->registry() == "localhost:5000");
  CHECK(reference->repository() == "team/tool");
  CHECK(reference->tag() == "2");
  REQUIRE(reference->digest());
  CHECK(reference->digest()->hex() == kHex);
  CHECK(reference->selector() == kDigest);
  CHECK(Reference::parse("debian:13")->selector() == "13");
}

TEST_CASE("reference: says what is wrong") {
  struct Row {
    std::string text;
    std::string reason;
  };
  for (const Row& row : {
           Row{"", "an empty image reference"},
           Row{"https://hub.docker.com/_/debian", "it is a URL"},
           Row{"docker://http://x/y", "it is a URL"},
           Row{"debian 13", "it has white space in it"},
           Row{"Debian", "a repository is written in lower case"},
           Row{"quay.io/Team/tool", "a repository is written in lower case"},
           Row{"debian:", "'' is not a tag"},
           Row{"debian:.x", "'.x' is not a tag"},
           Row{"debian:-x", "'-x' is not a tag"},
           Row{"debian:a b", "it has white space in it"},
           Row{"debian:a+b", "'a+b' is not a tag"},
           Row{"debian:" + std::string(129, 'x'), "is not a tag"},
           Row{"debian@sha256:1234", "is not 64 lower-case hex digits"},
           Row{"debian@", "is not a sha256 digest"},
           Row{"debian@md5:1234", "is not a sha256 digest"},
           Row{"debian@" + kDigest + "@" + kDigest, "is not 64 lower-case hex digits"},
           Row{"localhost/", "the repository is missing"},
           Row{"/debian", "a component of the repository is empty"},
           Row{"a//b", "a component of the repository is empty"},
           Row{"a/b/", "a component of the repository is empty"},
           Row{"../../etc", "'..' is not a host name"},
           Row{"quay.io/../etc", "may only have"},
           Row{"a/-b", "may only have"},
           Row{"a/b-", "may only have"},
           Row{"a/b..c", "may only have"},
           Row{"a/b___c", "may only have"},
           Row{"a/b._c", "may only have"},
           Row{"a/b\\c", "may only have"},
           Row{"-x.y/a", "'-x.y' is not a host name"},
           Row{"x.y:0/a", "'x.y:0' is not a host name"},
           Row{"x.y:65536/a", "'x.y:65536' is not a host name"},
           Row{"x.y:/a", "'x.y:' is not a host name"},
           Row{"[::1/a", "'[::1' is not a host name"},
           Row{"[x]/a", "'[x]' is not a host name"},
           Row{"user:pass@host/a", "is not a sha256 digest"},
           Row{std::string(1025, 'a'), "at most 1024 are allowed"},
           Row{std::string(250, 'a') + ":1", "the name is longer than 255 characters"},
           Row{"a\x1b[31m", "may only have"},
           Row{std::string("a\0b", 3), "may only have"},
       }) {
    CAPTURE(row.text);
    const auto reference = Reference::parse(row.text);
    REQUIRE_FALSE(reference);
    CHECK(reference.error().code() == ErrorCode::usage);
    CHECK(reference.error().message().find(row.reason) != std::string::npos);
    CHECK(reference.error().message().find('\x1b') == std::string::npos);
  }
  CHECK(Reference::parse("Debian:13").error().hint() == "try debian:13");
}

TEST_CASE("reference: what was written without a registry is known to have been") {
  struct Row {
    std::string text;
    std::string short_name;
    std::string as_written;
  };
  for (const Row& row : {
           Row{"debian", "debian", "debian:latest"},
           Row{"debian:13", "debian", "debian:13"},
           Row{"docker://ada/tool@" + kDigest, "ada/tool", "ada/tool@" + kDigest},
           Row{"docker.io/debian:13", "", "docker.io/library/debian:13"},
           Row{"localhost/mine", "", "localhost/mine:latest"},
       }) {
    CAPTURE(row.text);
    const Reference reference = Reference::parse(row.text).value();
    CHECK(reference.is_short() == !row.short_name.empty());
    CHECK(reference.short_name() == row.short_name);
    CHECK(reference.as_written() == row.as_written);
  }
  // However they were written.
  CHECK(Reference::parse("debian:13").value() ==
        Reference::parse("docker.io/library/debian:13").value());
}
