// SPDX-License-Identifier: MIT
#include "env/image/registry/registries_conf.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <map>

#include "env/base/format.hpp"
#include "env/sys/file.hpp"
#include "tests/support/scratch.hpp"

namespace devenv::image::registry {
namespace {

RegistriesConf conf_of(std::string_view text) {
  auto conf = RegistriesConf::parse(text, "test.conf");
  REQUIRE_MESSAGE(conf, (conf ? "" : conf.error().to_line()));
  return *std::move(conf);
}

/// Where an image is pulled from, "!" behind what is insecure; or the error.
std::string places(const RegistriesConf& conf, const std::string& image) {
  const auto found = conf.pull_places(Reference::parse(image).value());
  if (!found) {
    return found.error().to_line();
  }
  std::vector<std::string> all;
  for (const Place& place : *found) {
    all.push_back(place.reference.string() + (place.insecure ? "!" : ""));
  }
  return join(all, " ");
}

std::string full(const RegistriesConf& conf, const std::string& image) {
  const auto name = conf.qualify(Reference::parse(image).value());
  return name ? name->string() : name.error().to_line() + " | " + name.error().hint();
}

const std::string kDigest = "@sha256:" + std::string(64, 'a');

TEST_CASE("registries.conf: nothing said is nothing changed") {
  const RegistriesConf conf = conf_of("");
  CHECK(places(conf, "quay.io/x/y:1") == "quay.io/x/y:1");
  CHECK(full(conf, "debian:13") == "docker.io/library/debian:13");
  CHECK(full(conf, "team/web") == "docker.io/team/web:latest");
  CHECK_FALSE(conf.is_insecure("quay.io"));
}

TEST_CASE("registries.conf: the longest prefix that fits counts, up to the end of a part") {
  const RegistriesConf conf = conf_of(R"(
[[registry]]
prefix = "quay.io"
location = "one.example.com"
[[registry]]
prefix = "quay.io/team"
location = "two.example.com/deep/er"
insecure = true
[[registry]]
prefix = "quay.io/team/web:2"
location = "three.example.com/web:2"
[[registry]]
prefix = "*.corp.example"
location = "proxy.example.com:5000/corp"
[[registry]]
prefix = "*.port.example"
location = "plain.example.com"
[[registry]]
prefix = "*.corp.example/deep"
location = "deep.example.com"
[[registry]]
location = "bare.example.com/x/"
insecure = true
)");
  struct Row {
    const char* image;
    const char* place;
  };
  for (const Row& row : {
           Row{"quay.io/x/y:1", "one.example.com/x/y:1"},
           Row{"quay.io/team/web:1", "two.example.com/deep/er/web:1!"},
           Row{"quay.io/team/web:2", "three.example.com/web:2"},
           Row{"quay.io/team/web:20", "two.example.com/deep/er/web:20!"},
           Row{"quay.io/teams/web:1", "one.example.com/teams/web:1"},
           Row{"quay.io:443/x/y:1", "one.example.com:443/x/y:1"},
           Row{"a.b.corp.example/x:1", "proxy.example.com:5000/corp/x:1"},
           Row{"a.port.example:5000/x:1", "plain.example.com:5000/x:1"},
           Row{"a.corp.example/deep/x:1", "deep.example.com/x:1"},
           Row{"a.corp.example/deeper/x:1", "proxy.example.com:5000/corp/deeper/x:1"},
           Row{"a.corp.examples/x:1", "a.corp.examples/x:1"},
           Row{"corp.example/x:1", "corp.example/x:1"},
           Row{"quay.io/a.corp.example/x:1", "one.example.com/a.corp.example/x:1"},
           Row{"bare.example.com/x/y:1", "bare.example.com/x/y:1!"},
           Row{"ghcr.io/x:1", "ghcr.io/x:1"},
       }) {
    CAPTURE(row.image);
    CHECK(places(conf, row.image) == row.place);
  }
}

TEST_CASE("registries.conf: mirrors in their order, each for what it is for, the registry last") {
  const RegistriesConf conf = conf_of(R"(
[[registry]]
prefix = "docker.io"
[[registry.mirror]]
location = "m1.example.com/hub"
insecure = true
[[registry.mirror]]
location = "m2.example.com"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "m3.example.com"
pull-from-mirror = "tag-only"
[[registry]]
location = "quay.io"
mirror-by-digest-only = true
[[registry.mirror]]
location = "m4.example.com"
)");
  CHECK(places(conf, "debian:13") ==
        "m1.example.com/hub/library/debian:13! m3.example.com/library/debian:13 "
        "docker.io/library/debian:13");
  CHECK(places(conf, "debian" + kDigest) == "m1.example.com/hub/library/debian" + kDigest +
                                                "! m2.example.com/library/debian" + kDigest +
                                                " docker.io/library/debian" + kDigest);
  CHECK(places(conf, "quay.io/x:1") == "quay.io/x:1");
  CHECK(places(conf, "quay.io/x" + kDigest) ==
        "m4.example.com/x" + kDigest + " quay.io/x" + kDigest);
  // A push goes to the registry itself.
  CHECK(conf.primary(Reference::parse("debian:13").value())->reference.string() ==
        "docker.io/library/debian:13");
}

TEST_CASE("registries.conf: what is blocked is not asked for, mirrors or not") {
  const RegistriesConf conf = conf_of(R"(
[[registry]]
location = "quay.io"
blocked = true
[[registry.mirror]]
location = "m.example.com"
[[registry]]
location = "quay.io/good"
)");
  const auto refused = conf.pull_places(Reference::parse("quay.io/bad/x:1").value());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message() == "'quay.io/bad/x:1' is blocked by registries.conf");
  CHECK(refused.error().hint() == "the rule for 'quay.io' is in test.conf");
  CHECK(places(conf, "quay.io/good/x:1") == "quay.io/good/x:1");
}

TEST_CASE("registries.conf: hosts that are insecure as a whole") {
  const RegistriesConf conf = conf_of(R"(
[[registry]]
location = "one.example.com:5000"
insecure = true
[[registry]]
location = "two.example.com/path"
insecure = true
[[registry]]
location = "three.example.com"
)");
  CHECK(conf.is_insecure("one.example.com:5000"));
  CHECK_FALSE(conf.is_insecure("one.example.com"));
  CHECK_FALSE(conf.is_insecure("two.example.com"));
  CHECK_FALSE(conf.is_insecure("three.example.com"));
}

TEST_CASE("registries.conf: a place says which file it is from, unless it is what was named") {
  const RegistriesConf conf = conf_of(R"(
[[registry]]
location = "quay.io"
[[registry.mirror]]
location = "m.example.com"
)");
  const auto found = conf.pull_places(Reference::parse("quay.io/x:1").value());
  REQUIRE(found);
  REQUIRE(found->size() == 2);
  CHECK((*found)[0].file == "test.conf");
  CHECK((*found)[1].file.empty());
}

TEST_CASE("registries.conf: a location that takes all of the name leaves none") {
  const RegistriesConf conf = conf_of(R"(
[[registry]]
prefix = "quay.io/web"
location = "m.example.com"
)");
  CHECK(places(conf, "quay.io/web:1") ==
        "'test.conf' makes 'm.example.com:1' of 'quay.io/web:1', which is not an image's name");
}

TEST_CASE("registries.conf: keys that are not known are passed over") {
  const RegistriesConf conf = conf_of(R"(
short-name-mode = "enforcing"
credential-helpers = ["containers-auth.json"]
something-new = {a = 1}
[[registry]]
location = "quay.io"
color = "blue"
[[registry.mirror]]
location = "m.example.com"
weight = 7
)");
  CHECK(places(conf, "quay.io/x:1") == "m.example.com/x:1 quay.io/x:1");
}

TEST_CASE("registries.conf: version 1") {
  const RegistriesConf conf = conf_of(R"(
[registries.search]
registries = ["registry.example.com"]
[registries.insecure]
registries = ["localhost:5000", "both.example.com"]
[registries.block]
registries = ["both.example.com"]
)");
  CHECK(full(conf, "web:1") == "registry.example.com/web:1");
  CHECK(places(conf, "localhost:5000/x:1") == "localhost:5000/x:1!");
  CHECK(conf.is_insecure("localhost:5000"));
  CHECK(places(conf, "both.example.com/x:1") ==
        "'both.example.com/x:1' is blocked by registries.conf");
}

TEST_CASE("registries.conf: short names") {
  const RegistriesConf conf = conf_of(R"(
unqualified-search-registries = ["registry.example.com"]
[aliases]
"fedora" = "registry.fedoraproject.org/fedora"
"team/web" = "quay.io/team/web"
"none" = ""
)");
  CHECK(full(conf, "fedora:43") == "registry.fedoraproject.org/fedora:43");
  CHECK(full(conf, "fedora" + kDigest) == "registry.fedoraproject.org/fedora" + kDigest);
  CHECK(full(conf, "team/web") == "quay.io/team/web:latest");
  CHECK(full(conf, "none:1") == "registry.example.com/none:1");
  CHECK(full(conf, "library/fedora:1") == "registry.example.com/library/fedora:1");
  // What has a registry is what it says.
  CHECK(full(conf, "docker.io/fedora:1") == "docker.io/library/fedora:1");
  CHECK(full(conf, "localhost/fedora:1") == "localhost/fedora:1");
}

TEST_CASE("registries.conf: a short name that may be several is an error that names them") {
  const RegistriesConf conf =
      conf_of(R"(unqualified-search-registries = ["quay.io", "docker.io"])");
  CHECK(full(conf, "web:1") ==
        "'web:1' may be an image of 2 registries | write one in full: quay.io/web:1, "
        "docker.io/library/web:1 (unqualified-search-registries in test.conf)");
  CHECK(full(conf_of("unqualified-search-registries = []"), "web:1") == "docker.io/library/web:1");
}

TEST_CASE("registries.conf: what is wrong is said with its place") {
  struct Row {
    const char* text;
    const char* message;
  };
  for (const Row& row : {
           Row{"[[registry]\n", "test.conf:1:12: "},
           Row{"[[registry]]\nlocation = 7\n",
               "test.conf:2:12: 'location' is a string, not an integer"},
           Row{"[[registry]]\nlocation = \"quay\"\n",
               "test.conf:2:12: 'quay' is not a registry's host, with or without a path"},
           Row{"[[registry]]\nlocation = \"https://quay.io\"\n",
               "test.conf:2:12: 'https://quay.io' is not a registry's host, with or without a "
               "path"},
           Row{"[[registry]]\ninsecure = true\n",
               "test.conf:1:1: a registry without a 'prefix' and a 'location'"},
           Row{"[[registry]]\nlocation = \"quay.io\"\nblocked = \"yes\"\n",
               "test.conf:3:11: 'blocked' is a boolean, not a string"},
           Row{"[[registry]]\nlocation = \"quay.io\"\n[[registry.mirror]]\ninsecure = true\n",
               "test.conf:3:1: a mirror without a 'location'"},
           Row{"[[registry]]\nlocation = \"quay.io\"\n[[registry.mirror]]\nlocation = \"a.b\"\n"
               "pull-from-mirror = \"never\"\n",
               "test.conf:5:20: 'pull-from-mirror' is all, digest-only or tag-only"},
           Row{"unqualified-search-registries = [\"quay\"]\n",
               "test.conf:1:34: 'unqualified-search-registries' has what is no host"},
           Row{"[aliases]\nx = \"y\"\n", "test.conf:2:1: the alias 'x' is not a full name"},
           Row{"registry = 1\n", "test.conf:1:12: 'registry' is an array, not an integer"},
           Row{"[registries.search]\nregistries = [\"quay\"]\n",
               "test.conf:2:15: 'registries' has what is no host"},
       }) {
    CAPTURE(row.text);
    const auto conf = RegistriesConf::parse(row.text, "test.conf");
    REQUIRE_FALSE(conf);
    CHECK_MESSAGE(conf.error().to_line().starts_with(row.message), conf.error().to_line());
    CHECK(conf.error().code() == ErrorCode::failed);
  }
}

TEST_CASE("registries.conf: one main file, and drop-ins of the system and of the user") {
  const test::Scratch scratch;
  std::map<std::string, std::string> variables = {{"HOME", scratch / "home"}};
  const auto get = [&](const char* name) { return variables[name]; };
  const auto write = [&](const std::string& file, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(scratch / file).parent_path());
    REQUIRE(sys::write_file_atomic(scratch / file, text));
  };
  const auto load = [&] { return load_registries_conf(get, scratch / "etc").value(); };
  const auto moved = [](const std::string& prefix, const std::string& location) {
    return format("[[registry]]\nprefix = \"{}.example\"\nlocation = \"{}.example\"\n", prefix,
                  location);
  };
  CHECK(places(load(), "a.example/x:1") == "a.example/x:1");
  write("etc/registries.conf", moved("a", "system") + moved("b", "system"));
  CHECK(places(load(), "a.example/x:1") == "system.example/x:1");
  write("home/.config/containers/registries.conf", moved("a", "user"));
  CHECK(places(load(), "a.example/x:1") == "user.example/x:1");
  CHECK(places(load(), "b.example/x:1") == "b.example/x:1");
  write("etc/registries.conf.d/50-a.conf", moved("a", "drop50") + moved("c", "drop50"));
  write("etc/registries.conf.d/10-a.conf", moved("a", "drop10"));
  write("etc/registries.conf.d/99-a.txt", moved("a", "no"));
  CHECK(places(load(), "a.example/x:1") == "drop50.example/x:1");
  write("home/.config/containers/registries.conf.d/01.conf", moved("a", "own"));
  CHECK(places(load(), "a.example/x:1") == "own.example/x:1");
  CHECK(places(load(), "c.example/x:1") == "drop50.example/x:1");
  write("home/.cache/containers/short-name-aliases.conf", "[aliases]\n\"z\" = \"quay.io/z\"\n");
  CHECK(full(load(), "z") == "quay.io/z:latest");
  variables["CONTAINERS_REGISTRIES_CONF"] = scratch / "missing";
  CHECK(load_registries_conf(get, scratch / "etc").error().code() == ErrorCode::not_found);
  write("named", moved("d", "named"));
  variables["CONTAINERS_REGISTRIES_CONF"] = scratch / "named";
  CHECK(places(load(), "d.example/x:1") == "named.example/x:1");
  CHECK(places(load(), "a.example/x:1") == "own.example/x:1");
}

}  // namespace
}  // namespace devenv::image::registry
