// SPDX-License-Identifier: MIT
#include "env/image/registry/credentials.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <map>

#include "env/sys/file.hpp"
#include "tests/support/scratch.hpp"

namespace devenv::image::registry {
namespace {

Reference reference(const char* text) {
  const auto parsed = Reference::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

/// "user:password" of the entry that is found, "(none)", or the error.
std::string found(std::string_view file, const char* image) {
  const auto credentials = find_credentials(file, reference(image));
  if (!credentials) {
    return credentials.error().to_line();
  }
  return *credentials ? (*credentials)->user + ":" + (*credentials)->password : "(none)";
}

TEST_CASE("credentials: base64 both ways") {
  struct Row {
    const char* bytes;
    const char* text;
  };
  for (const Row& row : {Row{"", ""}, Row{"f", "Zg=="}, Row{"fo", "Zm8="}, Row{"foo", "Zm9v"},
                         Row{"foob", "Zm9vYg=="}, Row{"fooba", "Zm9vYmE="},
                         Row{"foobar", "Zm9vYmFy"}, Row{"\xff\xfe>?", "//4+Pw=="}}) {
    CAPTURE(row.text);
    CHECK(encode_base64(row.bytes) == row.text);
    CHECK(decode_base64(row.text) == std::optional<std::string>(row.bytes));
  }
  CHECK(decode_base64("Zg") == std::optional<std::string>("f"));
  CHECK_FALSE(decode_base64("Z"));
  CHECK_FALSE(decode_base64("Zm9v\n"));
  CHECK_FALSE(decode_base64("Zm-_"));
  CHECK(Credentials{"user", "pass:word"}.basic() == "Basic dXNlcjpwYXNzOndvcmQ=");
}

TEST_CASE("credentials: the longest key that fits counts") {
  const char* kFile = R"({"auths": {
    "quay.io": {"auth": "aG9zdDox"},
    "quay.io/team": {"auth": "dGVhbTox"},
    "quay.io/team/web": {"auth": "d2ViOjE="},
    "localhost:5000": {"auth": "bG9jYWw6MQ=="},
    "https://example.com/v2/": {"auth": "dXJsOjE="},
    "https://index.docker.io/v1/": {"auth": "aHViOjE="}}})";
  CHECK(found(kFile, "quay.io/other/web") == "host:1");
  CHECK(found(kFile, "quay.io/team/api") == "team:1");
  CHECK(found(kFile, "quay.io/team/web:2") == "web:1");
  CHECK(found(kFile, "quay.io/team/web/sub") == "web:1");
  CHECK(found(kFile, "quay.io/teams/web") == "host:1");
  CHECK(found(kFile, "localhost:5000/x") == "local:1");
  CHECK(found(kFile, "localhost:5001/x") == "(none)");
  CHECK(found(kFile, "example.com/x") == "url:1");
  CHECK(found(kFile, "debian") == "hub:1");
  CHECK(found(kFile, "io/x/y") == "hub:1");
}

TEST_CASE("credentials: files with less in them, and damaged ones") {
  CHECK(found("{}", "quay.io/x/y") == "(none)");
  CHECK(found(R"({"auths": {"quay.io": {}}})", "quay.io/x/y") == "(none)");
  CHECK(found(R"({"credsStore": "secretservice", "auths": {"quay.io": {}}})", "quay.io/x/y") ==
        "(none)");
  CHECK(found(R"({"auths": {"quay.io": {"auth": "dXNlcjpwYXNzAAAA"}}})", "quay.io/x/y") ==
        "user:pass");
  // An entry that only a helper can fill in does not hide one that is complete.
  CHECK(found(R"({"auths": {"quay.io/x": {}, "quay.io": {"auth": "aG9zdDox"}}})", "quay.io/x/y") ==
        "host:1");
  for (const char* entry : {R"("%%%")", R"("bm9jb2xvbg==")"}) {
    const std::string file = std::string(R"({"auths": {"quay.io": {"auth": )") + entry + "}}}";
    CHECK(found(file, "quay.io/x/y") == "the entry 'quay.io' is malformed");
  }
  CHECK_FALSE(find_credentials("{", reference("quay.io/x/y")));
}

TEST_CASE("credentials: the files, in their order") {
  std::map<std::string, std::string> variables = {{"HOME", "/h"}};
  const auto get = [&](const char* name) { return variables[name]; };
  using Files = std::vector<std::string>;
  CHECK(credential_files(get) ==
        Files{"/h/.config/containers/auth.json", "/h/.docker/config.json"});
  variables["XDG_RUNTIME_DIR"] = "/run/user/1";
  variables["XDG_CONFIG_HOME"] = "/c";
  variables["DOCKER_CONFIG"] = "/d";
  CHECK(credential_files(get) ==
        Files{"/run/user/1/containers/auth.json", "/c/containers/auth.json", "/d/config.json"});
  variables["REGISTRY_AUTH_FILE"] = "/named";
  CHECK(credential_files(get) == Files{"/named"});
}

TEST_CASE("credentials: the first file that has some, and a named one that must be there") {
  const test::Scratch scratch;
  std::map<std::string, std::string> variables = {{"HOME", scratch.path()}};
  const auto get = [&](const char* name) { return variables[name]; };
  const Reference image = reference("quay.io/x/y");
  CHECK(load_credentials(image, get).value() == std::nullopt);
  std::filesystem::create_directories(scratch / ".docker");
  std::filesystem::create_directories(scratch / ".config/containers");
  REQUIRE(sys::write_file_atomic(scratch / ".docker/config.json",
                                 R"({"auths": {"quay.io": {"auth": "ZG9ja2VyOjE="}}})"));
  CHECK(load_credentials(image, get).value()->user == "docker");
  REQUIRE(sys::write_file_atomic(scratch / ".config/containers/auth.json", "damaged"));
  CHECK(load_credentials(image, get).value()->user == "docker");
  REQUIRE(sys::write_file_atomic(scratch / ".config/containers/auth.json",
                                 R"({"auths": {"quay.io": {"auth": "cG9kbWFuOjE="}}})"));
  CHECK(load_credentials(image, get).value()->user == "podman");
  variables["REGISTRY_AUTH_FILE"] = scratch / "missing";
  const auto missing = load_credentials(image, get);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message() == "cannot read the file that REGISTRY_AUTH_FILE names");
}

}  // namespace
}  // namespace devenv::image::registry
