// SPDX-License-Identifier: MIT
#include "env/image/registry/url.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace devenv::image::registry {
namespace {

TEST_CASE("url: no password and no query is in an error") {
  for (const char* text : {"https://me:s3cret@h/x?token=s3cret", "https://h:x/?s3cret",
                           "ftp://me:s3cret@h", "me:s3cret@h"}) {
    const auto url = Url::parse(text);
    REQUIRE_FALSE(url);
    CHECK(url.error().to_line().find("s3cret") == std::string::npos);
  }
}

TEST_CASE("url: parses what registries and object stores use") {
  struct Row {
    const char* text;
    Url expected;
  };
  const std::vector<Row> rows = {
      {"https://ghcr.io/v2/", {"https", "ghcr.io", 443, "/v2/"}},
      {"HTTPS://Example.ORG", {"https", "example.org", 443, "/"}},
      {"http://localhost:5000/a?b=c/d", {"http", "localhost", 5000, "/a?b=c/d"}},
      {"https://h?x=1", {"https", "h", 443, "/?x=1"}},
      {"https://h/p#fragment", {"https", "h", 443, "/p"}},
      {"http://[::1]:5000/", {"http", "[::1]", 5000, "/"}},
      {"http://h:80/", {"http", "h", 80, "/"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto url = Url::parse(row.text);
    REQUIRE(url);
    CHECK(*url == row.expected);
  }
}

TEST_CASE("url: refuses what could mean another host to another reader") {
  for (const char* text :
       {"", "ghcr.io/v2/", "ftp://h/", "file:///etc/passwd", "https://", "https:///path",
        "https://good.org@evil.org/", "https://h:0/", "https://h:65536/", "https://h:x/",
        "https://[::1/", "https://[::1]x/", "https://h/a b", "https://h/\n", "https://h/\x7f"}) {
    CAPTURE(text);
    const auto url = Url::parse(text);
    REQUIRE_FALSE(url);
    CHECK(url.error().code() == ErrorCode::integrity);
  }
}

TEST_CASE("url: writes itself without the scheme's own port") {
  CHECK(Url::parse("https://h:443/a")->string() == "https://h/a");
  CHECK(Url::parse("http://h:443/a")->string() == "http://h:443/a");
  CHECK(Url::parse("https://h:80/a")->authority() == "h:80");
}

TEST_CASE("url: the origin is scheme, host and port") {
  const Url base = *Url::parse("https://h/a");
  CHECK(base.same_origin(*Url::parse("https://H:443/b?c")));
  CHECK_FALSE(base.same_origin(*Url::parse("http://h/a")));
  CHECK_FALSE(base.same_origin(*Url::parse("https://h:8443/a")));
  CHECK_FALSE(base.same_origin(*Url::parse("https://h.evil/a")));
}

TEST_CASE("url: resolves a Location header") {
  const Url base = *Url::parse("https://h:5000/v2/name/blobs/x?y=1");
  struct Row {
    const char* location;
    const char* expected;
  };
  const std::vector<Row> rows = {
      {"https://cdn.example/x?sig=1", "https://cdn.example/x?sig=1"},
      {"//cdn.example/x", "https://cdn.example/x"},
      {"/other", "https://h:5000/other"},
      {"z", "https://h:5000/v2/name/blobs/z"},
      {"z?u=http://q", "https://h:5000/v2/name/blobs/z?u=http://q"},
      {"?page=2", "https://h:5000/v2/name/blobs/x?page=2"},
      {"", "https://h:5000/v2/name/blobs/"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.location);
    const auto url = resolve_location(base, row.location);
    REQUIRE(url);
    CHECK(url->string() == row.expected);
  }
  CHECK_FALSE(resolve_location(base, "file:///etc/passwd"));
  CHECK_FALSE(resolve_location(base, "javascript:x"));
}

TEST_CASE("url: knows which hosts never leave the machine") {
  for (const char* host : {"localhost", "LOCALHOST:5000", "a.localhost", "127.0.0.1",
                           "127.255.0.3:80", "[::1]", "[::1]:5000"}) {
    CAPTURE(host);
    CHECK(is_loopback(host));
  }
  for (const char* host : {"localhost.evil.org", "127.evil.org", "127.0.0.1.evil.org", "128.0.0.1",
                           "127.0.0.256", "127.0.1", "[::2]", "[fe80::1]", "notlocalhost", ""}) {
    CAPTURE(host);
    CHECK_FALSE(is_loopback(host));
  }
}

TEST_CASE("url: encodes a query's value") {
  CHECK(percent_encode("repository:library/debian:pull") == "repository%3Alibrary%2Fdebian%3Apull");
  CHECK(percent_encode("a-Z_0.9~") == "a-Z_0.9~");
  CHECK(percent_encode("\xc3\xa4 &") == "%C3%A4%20%26");
}

}  // namespace
}  // namespace devenv::image::registry
