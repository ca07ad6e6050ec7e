// SPDX-License-Identifier: MIT
#include "cmd/image_worker/options.hpp"

#include <doctest/doctest.h>

#include "env/base/format.hpp"

namespace devenv::image_worker {
namespace {

using Arguments = std::vector<std::string>;

std::string no_variables(const char*) {
  return "";
}

TEST_CASE("image worker options: pull") {
  const auto options = parse_options(
      {"pull", "--store", "/s", "--platform=linux/arm64", "--max-size", "1G", "debian:13"},
      no_variables);
  REQUIRE(options);
  CHECK(options->store == "/s");
  CHECK(options->platform.architecture == "arm64");
  CHECK(options->max_size->bytes == 1ULL << 30U);
  CHECK(std::get<PullOptions>(options->action).reference.string() == "docker.io/library/debian:13");
}

TEST_CASE("image worker options: import names the image after the file") {
  const auto options = parse_options({"import", "--store=/s", "/d/alpine.tar.gz"}, no_variables);
  REQUIRE(options);
  const auto& import = std::get<ImportOptions>(options->action);
  CHECK(import.archive.location == "/d/alpine.tar.gz");
  CHECK(!import.archive.sha256);
  CHECK(import.name.string() == "localhost/alpine:latest");
  CHECK(options->platform == image::host_platform());
  const auto named = parse_options(
      {"import", "--name", "localhost/mine:1", "--store=/s", "--", "--odd"}, no_variables);
  REQUIRE(named);
  CHECK(std::get<ImportOptions>(named->action).archive.location == "--odd");
  CHECK(std::get<ImportOptions>(named->action).name.string() == "localhost/mine:1");
}

TEST_CASE("image worker options: what an archive is checked by") {
  const std::string hex(64, 'c');
  const auto options = parse_options({"import", "--store=/s", "--tag=1", "--sha256", hex,
                                      "--checksums=SUMS", "--keyring=keys.gpg", "--", "-"},
                                     no_variables);
  REQUIRE(options);
  const auto& archive = std::get<ImportOptions>(options->action).archive;
  CHECK(archive.location == "-");
  CHECK(archive.tag == "1");
  CHECK(archive.sha256->hex() == hex);
  CHECK(archive.checksums == "SUMS");
  CHECK(archive.keyring == "keys.gpg");
  CHECK(!parse_options({"import", "--store=/s", "--sha256=12", "x"}, no_variables));
}

TEST_CASE("image worker options: another engine") {
  const auto options =
      parse_options({"engine", "--store=/s", "--engine=podman", "--", "box"}, no_variables);
  REQUIRE(options);
  const auto& engine = std::get<EngineOptions>(options->action);
  CHECK(engine.request.engine == "podman");
  CHECK(engine.request.name == "box");
  CHECK(!engine.name);
}

TEST_CASE("image worker options: bootstrap") {
  const auto options = parse_options({"bootstrap", "--store=/s", "--distribution", "debian",
                                      "--suite", "trixie", "--mirror", "http://m/debian"},
                                     no_variables);
  REQUIRE(options);
  const auto& request = std::get<image::fetch::BootstrapRequest>(options->action);
  CHECK(request.distribution == "debian");
  CHECK(request.suite == "trixie");
  CHECK(request.mirror == "http://m/debian");
}

TEST_CASE("image worker options: seal") {
  const std::string digest = Digest::from_bytes(std::string(32, 'd')).string();
  const auto options = parse_options(
      {"seal", "--store=/s", "--tree", "/envs/x/upper", "--parent", digest}, no_variables);
  REQUIRE(options);
  const auto& seal = std::get<SealOptions>(options->action);
  CHECK(seal.tree == "/envs/x/upper");
  CHECK(seal.parent->string() == digest);
  const auto lowest = parse_options({"seal", "--store=/s", "--tree", "/t"}, no_variables);
  REQUIRE(lowest);
  CHECK_FALSE(std::get<SealOptions>(lowest->action).parent);
  CHECK_FALSE(parse_options({"seal", "--store=/s", "--tree", "t"}, no_variables));
  CHECK_FALSE(parse_options({"seal", "--store=/s", "--tree", "/t", "--parent", "x"}, no_variables));
}

TEST_CASE("image worker options: push and compose") {
  const auto digest = [](char byte) { return Digest::from_bytes(std::string(32, byte)).string(); };
  const Arguments rest = {"--store=/s",
                          "--base",
                          digest('b'),
                          "--origin=debian:13",
                          "--layer",
                          digest('1') + "=" + digest('2'),
                          "--layer=" + digest('3') + "=" + digest('4'),
                          "--label=a=b=c",
                          "--",
                          "example.com/x:1"};
  Arguments push = {"push"};
  push.insert(push.end(), rest.begin(), rest.end());
  const auto options = parse_options(push, no_variables);
  REQUIRE(options);
  const image::fetch::NewImage& image = std::get<PushOptions>(options->action).image;
  CHECK(image.base_manifest.string() == digest('b'));
  CHECK(image.base_reference == "debian:13");
  REQUIRE(image.layers.size() == 2);
  CHECK(image.layers[0].chain_id.string() == digest('1'));
  CHECK(image.layers[1].diff_id.string() == digest('4'));
  CHECK(image.reference.string() == "example.com/x:1");
  CHECK(image.labels == std::map<std::string, std::string>{{"a", "b=c"}});
  CHECK(image.base_layers == image::fetch::BaseLayers::kept);

  Arguments compose = {"compose", "--base-layers", "replaced"};
  compose.insert(compose.end(), rest.begin(), rest.end());
  const auto other = parse_options(compose, no_variables);
  REQUIRE(other);
  CHECK(std::get<ComposeOptions>(other->action).image.base_layers ==
        image::fetch::BaseLayers::replaced);

  for (const Arguments& bad :
       {Arguments{"push", "--store=/s", "example.com/x"},
        Arguments{"push", "--store=/s", "--base", digest('b'), "--layer", digest('1'), "x"},
        Arguments{"push", "--store=/s", "--base", digest('b'), "--label", "=x", "x"},
        Arguments{"push", "--store=/s", "--base", digest('b'), "--base-layers", "no", "x"}}) {
    CHECK_FALSE(parse_options(bad, no_variables));
  }
}

TEST_CASE("image worker options: qualify keeps a name as it was written") {
  const auto options = parse_options({"qualify", "--", "debian:13"}, no_variables);
  REQUIRE(options);
  CHECK(std::get<QualifyOptions>(options->action).reference.as_written() == "debian:13");
  CHECK_FALSE(parse_options({"qualify"}, no_variables));
}

TEST_CASE("image worker options: login and logout need no store, and no password") {
  const auto login = parse_options({"login", "--user", "me", "--", "quay.io"}, no_variables);
  REQUIRE(login);
  CHECK(std::get<LoginOptions>(login->action).registry == "quay.io");
  CHECK(std::get<LoginOptions>(login->action).user == "me");
  const auto logout = parse_options({"logout", "quay.io"}, no_variables);
  REQUIRE(logout);
  CHECK(std::get<LogoutOptions>(logout->action).registry == "quay.io");
  CHECK_FALSE(parse_options({"login", "--password", "x", "quay.io"}, no_variables));
  CHECK_FALSE(parse_options({"logout"}, no_variables));
}

TEST_CASE("image worker options: limits come from variables, too") {
  const auto variables = [](const char* name) -> std::string {
    return std::string_view(name) == "DEVENV_IMAGE_MAX_SIZE" ? "10M" : "7";
  };
  const auto options = parse_options({"pull", "--store=/s", "x"}, variables);
  REQUIRE(options);
  CHECK(options->max_size->bytes == 10ULL << 20U);
  CHECK(options->timeout == std::chrono::seconds(7));
  const auto given = parse_options({"pull", "--store=/s", "--max-size=1k", "x"}, variables);
  REQUIRE(given);
  CHECK(given->max_size->bytes == 1024);
}

TEST_CASE("image worker options: anything else is a usage error") {
  const auto bad_timeout = [](const char* name) -> std::string {
    return std::string_view(name) == "DEVENV_IMAGE_TIMEOUT" ? "soon" : "";
  };
  CHECK(parse_options({"pull", "--store=/s", "x"}, bad_timeout).error().code() == ErrorCode::usage);
  for (const Arguments& arguments :
       {Arguments{}, Arguments{"push"}, Arguments{"pull", "x"},
        Arguments{"pull", "--store", "rel", "x"}, Arguments{"pull", "--store=/s"},
        Arguments{"pull", "--store=/s", "x", "y"}, Arguments{"pull", "--store"},
        Arguments{"pull", "--store=/s", "--name", "n", "x"},
        Arguments{"pull", "--store=/s", "docker.io/UPPER/x"}, Arguments{"import", "--store=/s"},
        Arguments{"pull", "--store=/s", "--max-size", "much", "x"},
        Arguments{"pull", "--store=/s", "--platform", "a/b/c/d", "x"},
        Arguments{"bootstrap", "--store=/s", "x"}}) {
    CAPTURE(join(arguments, " "));
    const auto options = parse_options(arguments, no_variables);
    REQUIRE_FALSE(options);
    CHECK(options.error().code() == ErrorCode::usage);
  }
}

}  // namespace
}  // namespace devenv::image_worker
