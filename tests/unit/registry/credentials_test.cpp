// SPDX-License-Identifier: MIT
#include "env/image/registry/credentials.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <map>

#include "env/base/format.hpp"
#include "env/image/registry/base64.hpp"
#include "env/sys/file.hpp"
#include "env/sys/namespaces.hpp"
#include "tests/support/scratch.hpp"

namespace devenv::image::registry {
namespace {

Reference reference(const char* text) {
  const auto parsed = Reference::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

/// "user:password" of the entry that is found, "token <identity token>", "ask <helper> <servers>",
/// "(none)", or the error.
std::string found_for(std::string_view file, AuthForm form, const std::string& name) {
  const auto entry = find_entry(file, form, name);
  if (!entry) {
    return entry.error().to_line();
  }
  if (!entry->helper.empty()) {
    return "ask " + entry->helper + " " + join(entry->servers, " ");
  }
  const auto& credentials = entry->credentials;
  if (!credentials) {
    return "(none)";
  }
  return credentials->identity_token.empty() ? credentials->user + ":" + credentials->password
                                             : "token " + credentials->identity_token;
}

std::string found(std::string_view file, const char* image) {
  return found_for(file, AuthForm::current, credential_name(reference(image)));
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
  CHECK(found(R"({"auths": {"quay.io": {"auth": "dXNlcjpwYXNzAAAA"}}})", "quay.io/x/y") ==
        "user:pass");
  // An entry that only a helper can fill in does not hide one that is complete.
  CHECK(found(R"({"auths": {"quay.io/x": {}, "quay.io": {"auth": "aG9zdDox"}}})", "quay.io/x/y") ==
        "host:1");
  for (const char* entry : {R"("%%%")", R"("bm9jb2xvbg==")"}) {
    const std::string file = std::string(R"({"auths": {"quay.io": {"auth": )") + entry + "}}}";
    CHECK(found(file, "quay.io/x/y") == "the entry 'quay.io' is malformed");
  }
  CHECK_FALSE(find_entry("{", AuthForm::current, "quay.io/x/y"));
}

TEST_CASE("credentials: helpers, of one registry before those of all") {
  const char* kFile = R"({"credsStore": "keyring", "credHelpers": {
    "gcr.io": "gcloud", "https://example.com/v2/": "corp", "docker.io": "hub", "odd.io": 7},
    "auths": {"quay.io": {"auth": "aG9zdDox"}, "gcr.io": {"auth": "b2xkOjE="}, "ghcr.io": {}}})";
  CHECK(found(kFile, "gcr.io/x/y") == "ask gcloud gcr.io");
  CHECK(found(kFile, "example.com/x") == "ask corp https://example.com/v2/ example.com");
  CHECK(found(kFile, "debian") == "ask hub docker.io https://index.docker.io/v1/");
  CHECK(found(kFile, "quay.io/x/y") == "host:1");
  CHECK(found(kFile, "ghcr.io/x/y") == "ask keyring ghcr.io");
  CHECK(found(kFile, "odd.io/x/y") == "ask keyring odd.io");
  CHECK(found(R"({"credsStore": "keyring"})", "debian") ==
        "ask keyring https://index.docker.io/v1/ docker.io");
}

TEST_CASE("credentials: identity tokens, under both of their names") {
  CHECK(found(R"({"auths": {"quay.io": {"identitytoken": "abc"}}})", "quay.io/x/y") == "token abc");
  CHECK(found(R"({"auths": {"quay.io": {"auth": "dXNlcjo=", "identitytoken": "abc"}}})",
              "quay.io/x/y") == "token abc");
  // "<token>:abc"
  CHECK(found(R"({"auths": {"quay.io": {"auth": "PHRva2VuPjphYmM="}}})", "quay.io/x/y") ==
        "token abc");
}

TEST_CASE("credentials: docker's old file is only the table") {
  const char* kFile = R"({"quay.io": {"auth": "aG9zdDox", "email": "a@b"},
    "https://index.docker.io/v1/": {"auth": "aHViOjE="}, "credsStore": "no"})";
  CHECK(found_for(kFile, AuthForm::legacy, "quay.io/x/y") == "host:1");
  CHECK(found_for(kFile, AuthForm::legacy, "docker.io/library/debian") == "hub:1");
  CHECK(found_for(kFile, AuthForm::legacy, "ghcr.io/x") == "(none)");
}

TEST_CASE("credentials: the files, in their order") {
  std::map<std::string, std::string> variables = {{"HOME", "/h"}};
  const auto get = [&](const char* name) { return variables[name]; };
  const auto paths = [&] {
    std::string all;
    for (const AuthFile& file : credential_files(get)) {
      all += file.path + (file.form == AuthForm::legacy ? " (legacy)\n" : "\n");
    }
    return all;
  };
  CHECK(paths() == "/run/containers/" + std::to_string(sys::effective_uid()) +
                       "/auth.json\n/h/.config/containers/auth.json\n/h/.docker/config.json\n"
                       "/h/.dockercfg (legacy)\n");
  variables["XDG_RUNTIME_DIR"] = "/run/user/1";
  variables["XDG_CONFIG_HOME"] = "/c";
  variables["DOCKER_CONFIG"] = "/d";
  CHECK(paths() ==
        "/run/user/1/containers/auth.json\n/c/containers/auth.json\n/d/config.json\n"
        "/h/.dockercfg (legacy)\n");
  variables["REGISTRY_AUTH_FILE"] = "/named";
  CHECK(paths() == "/named\n");
}

TEST_CASE("credentials: the first file that has some, and a named one that must be there") {
  const test::Scratch scratch;
  std::map<std::string, std::string> variables = {{"HOME", scratch.path()},
                                                  {"XDG_RUNTIME_DIR", scratch / "runtime"}};
  const auto get = [&](const char* name) { return variables[name]; };
  const std::string image = "quay.io/x/y";
  CHECK(load_credentials(image, get).value().credentials == std::nullopt);
  std::filesystem::create_directories(scratch / ".docker");
  std::filesystem::create_directories(scratch / ".config/containers");
  REQUIRE(sys::write_file_atomic(scratch / ".docker/config.json",
                                 R"({"auths": {"quay.io": {"auth": "ZG9ja2VyOjE="}}})"));
  CHECK(load_credentials(image, get).value().credentials->user == "docker");
  REQUIRE(sys::write_file_atomic(scratch / ".config/containers/auth.json", "damaged"));
  CHECK(load_credentials(image, get).value().credentials->user == "docker");
  REQUIRE(sys::write_file_atomic(scratch / ".config/containers/auth.json",
                                 R"({"auths": {"quay.io": {"auth": "cG9kbWFuOjE="}}})"));
  CHECK(load_credentials(image, get).value().credentials->user == "podman");
  variables["REGISTRY_AUTH_FILE"] = scratch / "missing";
  const auto missing = load_credentials(image, get);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message() == "cannot read the file that REGISTRY_AUTH_FILE names");
}

}  // namespace
}  // namespace devenv::image::registry
