// SPDX-License-Identifier: MIT
#include "cmd/origin.hpp"

#include <doctest/doctest.h>

#include "cmd/create.hpp"
#include "env/sys/file.hpp"

namespace devenv::cmd {
namespace {

/// The shipped profiles only: nothing is read from the caller's home.
const profiles::Catalog kCatalog("/nonexistent");

TEST_CASE("origin: a profile, with and without a release") {
  const auto plain = origin_from_profile(kCatalog, "debian", Fetch::registry);
  REQUIRE(plain.has_value());
  REQUIRE(plain->has_value());
  CHECK((*plain)->profile == "debian");
  CHECK((*plain)->suggested_name == "debian");
  const auto release = origin_from_profile(kCatalog, "debian:bookworm", Fetch::registry);
  REQUIRE(release.has_value());
  REQUIRE(release->has_value());
  CHECK((*release)->suggested_name == "debian-bookworm");
  const auto none = origin_from_profile(kCatalog, "no-such-profile", Fetch::registry);
  REQUIRE(none.has_value());
  CHECK_FALSE(none->has_value());
}

TEST_CASE("origin: an unknown release is an error, an image below a path no profile") {
  const auto unknown = origin_from_profile(kCatalog, "debian:nonsuch", Fetch::registry);
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().code() == ErrorCode::not_found);
  const auto path = origin_from_profile(kCatalog, "library/debian:nonsuch", Fetch::registry);
  REQUIRE(path.has_value());
  CHECK_FALSE(path->has_value());
}

TEST_CASE("origin: bootstrap needs a profile that has a suite") {
  const auto debian = require_profile(kCatalog, "debian:bookworm", Fetch::bootstrap);
  REQUIRE(debian.has_value());
  const auto* bootstrap = std::get_if<instance::Bootstrap>(&debian->source);
  REQUIRE(bootstrap != nullptr);
  CHECK(bootstrap->distribution == "debian");
  CHECK(bootstrap->suite == "bookworm");
  const auto fedora = require_profile(kCatalog, "fedora", Fetch::bootstrap);
  REQUIRE_FALSE(fedora.has_value());
  CHECK(fedora.error().code() == ErrorCode::unsupported);
}

TEST_CASE("origin: what looks like a path is a file, everything else a reference") {
  const auto folder = sys::TemporaryDirectory::create("/tmp", "devenv-test-");
  REQUIRE(folder.has_value());
  const std::string file = folder->path() + "/rootfs.tar.xz";
  REQUIRE(sys::write_file_atomic(file, "").has_value());

  const auto archive = origin_from_image(file);
  REQUIRE(archive.has_value());
  CHECK(std::holds_alternative<instance::ArchiveFile>(archive->source));
  CHECK(archive->suggested_name == "rootfs");

  const auto missing = origin_from_image("./missing.tar.gz");
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().code() == ErrorCode::not_found);

  const auto directory = origin_from_image(folder->path());
  REQUIRE_FALSE(directory.has_value());
  CHECK(directory.error().code() == ErrorCode::usage);

  const auto reference = origin_from_image("localhost:5000/team/web:2");
  REQUIRE(reference.has_value());
  CHECK(std::holds_alternative<instance::FromRegistry>(reference->source));
  CHECK(reference->image == "localhost:5000/team/web:2");
}

const instance::ArchiveFile& archive_of(const Origin& origin) {
  REQUIRE(std::holds_alternative<instance::ArchiveFile>(origin.source));
  return std::get<instance::ArchiveFile>(origin.source);
}

TEST_CASE("origin: URLs, and the checksum behind them") {
  const std::string hex(64, 'a');
  struct Row {
    std::string word;
    std::string path;
    std::string sha256;
    std::string name;
  };
  for (const Row& row :
       {Row{"https://h/d/root.tar.xz", "https://h/d/root.tar.xz", "", "root"},
        Row{"https://h/d/root.tar.xz#sha256=" + hex, "https://h/d/root.tar.xz", hex, "root"},
        Row{"HTTPS://h/root%2Dfs.squashfs?a=b/c#sha256=" + std::string(64, 'A'),
            "HTTPS://h/root%2Dfs.squashfs?a=b/c", hex, "root-fs"},
        Row{"http://h/", "http://h/", "", ""}, Row{"https://h", "https://h", "", ""}}) {
    CAPTURE(row.word);
    const auto origin = origin_from_image(row.word);
    REQUIRE(origin);
    CHECK(archive_of(*origin).path == row.path);
    CHECK(archive_of(*origin).check.sha256 == row.sha256);
    CHECK(origin->suggested_name == row.name);
    if (row.word.find('?') == std::string::npos) {
      CHECK(origin->image == row.word);
    }
  }
  for (const std::string& wrong :
       {"https://h/x#sha256=" + hex + "0", std::string("https://h/x#sha256=12"),
        std::string("https://h/x#sha256="), std::string("ftp://h/x"),
        std::string("file://elsewhere/x")}) {
    CAPTURE(wrong);
    const auto origin = origin_from_image(wrong);
    REQUIRE(!origin);
    CHECK(origin.error().code() == ErrorCode::usage);
  }
}

TEST_CASE("origin: what may be a secret in a URL is neither kept nor shown") {
  const std::string hex(64, 'a');
  CHECK(origin_from_image("https://h/x.tar?token=abc")->image == "https://h/x.tar?...023abfc7");
  CHECK(origin_from_image("https://h/x.tar?token=abc#sha256=" + hex)->image ==
        "https://h/x.tar?...023abfc7#sha256=" + hex);
  CHECK(shown_word("https://h/x.tar?token=abc") != shown_word("https://h/x.tar?token=abd"));
  CHECK(shown_word(shown_word("https://h/x.tar?token=abc")) == "https://h/x.tar?...023abfc7");
  CHECK(shown_word("web") == "web");
  const auto refused = origin_from_image("https://me:s3cret@h/x.tar#sha256=" + hex);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::usage);
  CHECK(refused.error().to_line().find("s3cret") == std::string::npos);
}

TEST_CASE("origin: standard input and file URLs") {
  const auto input = origin_from_image("-");
  REQUIRE(input);
  CHECK(archive_of(*input).is_standard_input());
  const std::string hex(64, 'b');
  const auto checked = origin_from_image("-#sha256=" + hex);
  REQUIRE(checked);
  CHECK(archive_of(*checked).is_standard_input());
  CHECK(archive_of(*checked).check.sha256 == hex);

  const auto folder = sys::TemporaryDirectory::create("/tmp", "devenv-test-");
  REQUIRE(folder);
  const std::string file = folder->path() + "/a b#sha256=x.tar";
  REQUIRE(sys::write_file_atomic(file, ""));
  const auto named = origin_from_image(file);  // a file of that name is meant
  REQUIRE(named);
  CHECK(archive_of(*named).path == file);
  const auto url = origin_from_image("file://" + folder->path() + "/a%20b%23sha256=x.tar");
  REQUIRE(url);
  CHECK(archive_of(*url).path == file);
  const auto local = origin_from_image("file://localhost" + folder->path() + "/missing");
  REQUIRE(!local);
  CHECK(local.error().code() == ErrorCode::not_found);
}

TEST_CASE("origin: places as skopeo writes them") {
  const auto folder = sys::TemporaryDirectory::create("/tmp", "devenv-test-");
  REQUIRE(folder);
  const std::string file = folder->path() + "/image.tar";
  REQUIRE(sys::write_file_atomic(file, ""));
  REQUIRE(sys::make_directories(folder->path() + "/layout"));
  REQUIRE(sys::write_file_atomic(folder->path() + "/layout/oci-layout", "{}"));
  struct Row {
    std::string word;
    std::string path;
    std::string tag;
  };
  for (const Row& row :
       {Row{"oci-archive:" + file, file, ""}, Row{"oci-archive:" + file + ":1.0", file, "1.0"},
        Row{"docker-archive:" + file + ":h/box:2", file, "h/box:2"},
        Row{"oci:" + folder->path() + "/layout:x", folder->path() + "/layout", "x"}}) {
    CAPTURE(row.word);
    const auto origin = origin_from_image(row.word);
    REQUIRE(origin);
    CHECK(archive_of(*origin).path == row.path);
    CHECK(archive_of(*origin).tag == row.tag);
  }
  const auto registry = origin_from_image("docker://quay.io/team/web:2");
  REQUIRE(registry);
  CHECK(std::get<instance::FromRegistry>(registry->source).reference.string() ==
        "quay.io/team/web:2");
  const auto image = origin_from_image("oci:1.0");
  REQUIRE(image);
  CHECK(std::holds_alternative<instance::FromRegistry>(image->source));
  for (const char* engine :
       {"containers-storage:localhost/box:1", "docker-daemon:localhost/box:1"}) {
    CAPTURE(engine);
    const auto origin = origin_from_image(engine);
    REQUIRE(origin);
    CHECK(std::get<instance::EngineImage>(origin->source).name == "localhost/box:1");
    CHECK(origin->suggested_name == "box");
  }
  for (const char* wrong : {"containers-storage:", "docker-daemon:-x", "dir:/tmp/x"}) {
    CAPTURE(wrong);
    const auto origin = origin_from_image(wrong);
    REQUIRE(!origin);
    CHECK(origin.error().code() == ErrorCode::usage);
  }
  CHECK(!origin_from_image("oci-archive:/nonexistent.tar"));
}

TEST_CASE("origin: checksums go with archives") {
  auto archive = origin_from_image("https://h/x");
  REQUIRE(archive);
  CHECK(add_check(*archive, "SUMS", "keys").has_value());
  CHECK(archive_of(*archive).check.checksums == "SUMS");
  CHECK(archive_of(*archive).check.keyring == "keys");
  CHECK(!add_check(*archive, std::nullopt, "keys"));
  auto reference = origin_from_image("debian:13");
  REQUIRE(reference);
  CHECK(!add_check(*reference, "SUMS", std::nullopt));
  CHECK(add_check(*reference, std::nullopt, std::nullopt).has_value());
}

TEST_CASE("origin: only one word without a tag, a path and a dot is a guess") {
  for (const char* bare : {"busybox", "my-env", "a_b"}) {
    CHECK(is_bare(bare));
  }
  for (const char* full : {"busybox:1", "quay.io/x", "a.b", "x@sha256:00"}) {
    CHECK_FALSE(is_bare(full));
  }
}

TEST_CASE("create: flags that contradict each other, and a name that says nothing") {
  struct Case {
    CreateOptions options;
    std::string message;
  };
  for (const Case& each : std::vector<Case>{
           {{.image = "a", .profile = "b"}, "--image and --profile exclude each other"},
           {{.image = "a", .bootstrap = true}, "--image and --bootstrap exclude each other"},
           {{}, "'devenv create' needs NAME, --image or --profile"},
           {{.name = "debain"},
            "there is no profile 'debain', and neither --image nor --profile says what to make the "
            "environment of"},
       }) {
    const auto origin = origin_of(each.options, kCatalog);
    REQUIRE_FALSE(origin.has_value());
    CHECK(origin.error().code() == ErrorCode::usage);
    CHECK(origin.error().message() == each.message);
  }
  const auto similar = origin_of({.name = "debain"}, kCatalog);
  CHECK(similar.error().hint() == "did you mean 'debian'?");
}

}  // namespace
}  // namespace devenv::cmd
