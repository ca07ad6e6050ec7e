// SPDX-License-Identifier: MIT
#include "env/image/registry/credential_helper.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <map>

#include "env/sys/file.hpp"
#include "env/sys/process.hpp"
#include "tests/support/scratch.hpp"

namespace devenv::image::registry {
namespace {

/// Programs of ours come first in PATH as long as this lives.
class Helpers {
 public:
  Helpers() : path_(sys::get_variable("PATH")) {
    ::setenv("PATH", (scratch_.path() + ":" + path_).c_str(), 1);
  }
  Helpers(const Helpers&) = delete;
  Helpers& operator=(const Helpers&) = delete;
  ~Helpers() { ::setenv("PATH", path_.c_str(), 1); }

  void add(const std::string& name, const std::string& body) const {
    REQUIRE(sys::write_file_atomic(scratch_ / ("docker-credential-" + name), "#!/bin/sh\n" + body,
                                   0755));
  }
  std::string file(const std::string& name) const { return scratch_ / name; }

 private:
  test::Scratch scratch_;
  std::string path_;
};

std::string answer(const std::string& helper, const std::string& server = "quay.io") {
  const auto got = ask_helper(helper, server);
  if (!got) {
    return got.error().to_line();
  }
  return *got ? (*got)->user + ":" + (*got)->password + ":" + (*got)->identity_token : "(none)";
}

TEST_CASE("credential helper: is asked with the registry on standard input") {
  const Helpers helpers;
  helpers.add("echo", R"sh(read -r server
printf '{"ServerURL":"%s","Username":"%s","Secret":"s3cret"}' "$server" "$server-$1-$#"
)sh");
  CHECK(answer("echo") == "quay.io-get-1:s3cret:");
  helpers.add("token", R"sh(printf '{"Username":"<token>","Secret":"abc"}')sh");
  CHECK(answer("token") == "<token>::abc");
}

TEST_CASE("credential helper: knows nothing, is not there, or fails") {
  const Helpers helpers;
  helpers.add("empty", "echo 'credentials not found in native keychain'; exit 1\n");
  CHECK(answer("empty") == "(none)");
  helpers.add("blank", "echo '{\"Username\":\"\",\"Secret\":\"\"}'\n");
  CHECK(answer("blank") == "(none)");
  CHECK(answer("no-such") == "there is no program 'docker-credential-no-such'");
  CHECK(answer("../sh") == "'../sh' is no name of a credential helper");
  helpers.add("locked", "echo 'the keyring is locked'; echo more; exit 1\n");
  CHECK(answer("locked") == "docker-credential-locked get failed: the keyring is locked");
  helpers.add("mute", "exit 3\n");
  CHECK(answer("mute") == "docker-credential-mute get failed: exited with status 3");
}

TEST_CASE("credential helper: one that does not answer is ended, with what it has started") {
  const Helpers helpers;
  helpers.add("stuck", "sleep 1000 &\necho $! >" + helpers.file("pid") + "\nwait\n");
  const auto got = ask_helper("stuck", "quay.io", std::chrono::milliseconds(1000));
  REQUIRE_FALSE(got);
  CHECK(got.error().message() == "docker-credential-stuck get has not answered for 1 s");
  CHECK_FALSE(got.error().hint().empty());
  const std::string pid = sys::read_file(helpers.file("pid")).value();
  const std::string directory = "/proc/" + pid.substr(0, pid.find('\n'));
  // Killed, and perhaps not reaped yet: then it has no program.
  for (int i = 0; i < 100 && sys::read_link(directory + "/exe"); ++i) {
    sys::sleep_for(std::chrono::milliseconds(20));
  }
  CHECK_FALSE(sys::read_link(directory + "/exe"));
}

TEST_CASE("credential helper: what it leaves running is not waited for") {
  const Helpers helpers;
  helpers.add("starter", "echo '{\"Username\":\"u\",\"Secret\":\"s\"}'; sleep 5 &\nexit 0\n");
  const auto got = ask_helper("starter", "quay.io", std::chrono::milliseconds(4000));
  REQUIRE(got);
  REQUIRE(*got);
  CHECK((*got)->password == "s");
}

TEST_CASE("credential helper: a secret is in no message, however odd the answer") {
  const Helpers helpers;
  helpers.add("leaky", "echo '{\"Username\":\"u\",\"Secret\":\"s3cret\"}'; exit 1\n");
  CHECK(answer("leaky") == "docker-credential-leaky get failed: exited with status 1");
  helpers.add("odd", "echo '{\"Username\":\"u\",\"Secret\":\"s3cret'\n");
  CHECK(answer("odd") == "docker-credential-odd is damaged: the answer is no JSON document");
}

TEST_CASE("credential helper: stores and erases") {
  const Helpers helpers;
  helpers.add("disk", "file=" + helpers.file("kept") + R"sh(
case $1 in
  store) cat >"$file" ;;
  get) if [ -e "$file" ]; then cat "$file"; else echo 'credentials not found in native keychain'; exit 1; fi ;;
  erase) rm "$file" ;;
esac
)sh");
  REQUIRE(store_in_helper("disk", "quay.io", {.user = "me", .password = "a\"b"}));
  CHECK(answer("disk") == "me:a\"b:");
  CHECK(erase_in_helper("disk", "quay.io").value());
  CHECK_FALSE(erase_in_helper("disk", "quay.io").value());
  helpers.add("stubborn", "echo 'read-only'; exit 1\n");
  const auto refused = store_in_helper("stubborn", "quay.io", {.user = "me", .password = "pw"});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().to_line() == "docker-credential-stubborn store failed: read-only");
}

}  // namespace
}  // namespace devenv::image::registry
