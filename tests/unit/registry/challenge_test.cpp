// SPDX-License-Identifier: MIT
#include "env/image/registry/challenge.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace devenv::image::registry {
namespace {

using Parameters = std::map<std::string, std::string>;

TEST_CASE("challenge: reads one challenge in all its spellings") {
  struct Row {
    const char* header;
    const char* scheme;
    Parameters parameters;
  };
  const std::vector<Row> rows = {
      {R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/debian:pull")",
       "bearer",
       {{"realm", "https://auth.docker.io/token"},
        {"service", "registry.docker.io"},
        {"scope", "repository:library/debian:pull"}}},
      {R"(bearer Realm = "https://a/t" , SERVICE=x)",
       "bearer",
       {{"realm", "https://a/t"}, {"service", "x"}}},
      {R"(Bearer realm=https://a/t?x=y)", "bearer", {{"realm", "https://a/t?x=y"}}},
      {R"(Bearer scope="repository:a:pull,push",realm="r")",
       "bearer",
       {{"scope", "repository:a:pull,push"}, {"realm", "r"}}},
      {R"(Basic realm="a \"quoted\" one")", "basic", {{"realm", "a \"quoted\" one"}}},
      {"Negotiate", "negotiate", {}},
      {R"(Bearer realm="unterminated)", "bearer", {{"realm", "unterminated"}}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.header);
    const auto challenges = parse_challenges({row.header});
    REQUIRE(challenges.size() == 1);
    CHECK(challenges[0].scheme == row.scheme);
    CHECK(challenges[0].parameters == row.parameters);
  }
}

TEST_CASE("challenge: reads several challenges, in one header and in several") {
  const auto challenges =
      parse_challenges({R"(Basic realm="x", Bearer realm="https://a/t",service="s", Negotiate)",
                        R"(Digest qop="auth")"});
  REQUIRE(challenges.size() == 4);
  CHECK(challenges[0].scheme == "basic");
  CHECK(challenges[1].scheme == "bearer");
  CHECK(challenges[1].parameters == Parameters{{"realm", "https://a/t"}, {"service", "s"}});
  CHECK(challenges[2].scheme == "negotiate");
  CHECK(challenges[3].scheme == "digest");
}

TEST_CASE("challenge: survives what is no challenge") {
  for (const char* header :
       {"", " , ,", "=", "\"", "Bearer =", "Bearer realm", "Bearer realm=", "a\"b"}) {
    CAPTURE(header);
    CHECK(parse_challenges({header}).size() <= 2);
  }
}

TEST_CASE("challenge: makes the token server's URL") {
  const auto url = [](const char* header) {
    return token_url(parse_challenges({header}).at(0), {"repository:mine:pull"});
  };
  CHECK(*url(R"(Bearer realm="https://a/t",service="s s",scope="repository:x:pull")") ==
        "https://a/t?service=s%20s&scope=repository%3Ax%3Apull");
  CHECK(*url(R"(Bearer realm="https://a/t?k=v")") ==
        "https://a/t?k=v&scope=repository%3Amine%3Apull");
  CHECK_FALSE(url("Bearer service=x"));
  CHECK_FALSE(url(R"(Bearer realm="file:///etc/passwd")"));
}

TEST_CASE("challenge: an identity token is sent in a body, never in a URL") {
  const Challenge challenge =
      parse_challenges(
          {R"(Bearer realm="https://a/t?k=v",service="s s",scope="repository:x:pull")"})
          .at(0);
  const auto form = refresh_form(challenge, {"repository:mine:pull"}, "a+b&c");
  REQUIRE(form);
  CHECK(form->url == "https://a/t?k=v");
  CHECK(form->body ==
        "grant_type=refresh_token&client_id=devenv&service=s%20s&scope=repository%3Ax%3Apull&"
        "refresh_token=a%2Bb%26c");
  const auto several =
      refresh_form(challenge, {"repository:x:pull,push", "repository:y:pull"}, "t");
  REQUIRE(several);
  CHECK(several->body ==
        "grant_type=refresh_token&client_id=devenv&service=s%20s&"
        "scope=repository%3Ax%3Apull%2Cpush%20repository%3Ay%3Apull&refresh_token=t");
  CHECK_FALSE(refresh_form(parse_challenges({"Bearer service=x"}).at(0), {}, "t"));
}

TEST_CASE("challenge: reads a token under both names") {
  CHECK(parse_token(R"({"token":"abc"})")->value == "abc");
  CHECK(parse_token(R"({"access_token":"def"})")->value == "def");
  CHECK(parse_token(R"({"token":"","access_token":"def"})")->value == "def");
}

TEST_CASE("challenge: a token lives for a minute at least") {
  CHECK(parse_token(R"({"token":"a"})")->lifetime == std::chrono::seconds(60));
  CHECK(parse_token(R"({"token":"a","expires_in":10})")->lifetime == std::chrono::seconds(60));
  CHECK(parse_token(R"({"token":"a","expires_in":300})")->lifetime == std::chrono::seconds(300));
  CHECK(parse_token(R"({"token":"a","expires_in":18446744073709551615})")->lifetime ==
        std::chrono::hours(24));
  CHECK(parse_token(R"({"token":"a","expires_in":"soon"})")->lifetime == std::chrono::seconds(60));
}

TEST_CASE("challenge: refuses a token that cannot be a header") {
  for (const char* body : {"", "[]", "{}", "no json", R"({"token":5})", R"({"token":"a\r\nX: y"})",
                           R"({"token":"a b"})", R"({"token":"ä"})"}) {
    CAPTURE(body);
    const auto token = parse_token(body);
    REQUIRE_FALSE(token);
    CHECK(token.error().code() == ErrorCode::integrity);
  }
}

}  // namespace
}  // namespace devenv::image::registry
