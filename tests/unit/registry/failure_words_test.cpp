// SPDX-License-Identifier: MIT
#include "env/image/registry/failure_words.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

#include "env/sys/file.hpp"
#include "tests/support/scratch.hpp"

namespace devenv::image::registry {
namespace {

TEST_CASE("failure words: a proxy is shown without its password") {
  ::setenv("https_proxy", "http://me:s3cret@proxy.example:3128/", 1);
  const auto proxy = proxy_for(Url::parse("https://quay.io/").value());
  ::unsetenv("https_proxy");
  REQUIRE(proxy);
  CHECK(proxy->variable == "https_proxy");
  CHECK(proxy->shown == "http://proxy.example:3128");
  CHECK(proxy->host == "proxy.example");
  CHECK(without_password("no scheme in 'http://me:s3cret@proxy.example:3128/'!", proxy) ==
        "no scheme in 'http://proxy.example:3128'!");
}

TEST_CASE("failure words: whether it is the proxy that cannot be reached") {
  ::setenv("https_proxy", "http://[::1]:3128", 1);
  const auto proxy = proxy_for(Url::parse("https://quay.io/").value());
  ::unsetenv("https_proxy");
  REQUIRE(proxy);
  CHECK(speaks_of("Failed to connect to ::1 port 3128 after 0 ms: Couldn't connect", *proxy));
  CHECK_FALSE(speaks_of("Failed to connect to ::1 port 31280 after 0 ms", *proxy));
  const ProxyWord other{
      .variable = "", .value = "", .shown = "", .host = "10.0.0.1", .port = "443"};
  CHECK_FALSE(speaks_of("Failed to connect to 10.0.0.10 port 443 after 0 ms", other));
  CHECK(speaks_of("Failed to connect to 10.0.0.1 port 443 after 0 ms", other));
  ::setenv("https_proxy", "proxy.example", 1);
  CHECK(proxy_for(Url::parse("https://quay.io/").value())->port == "1080");
  ::unsetenv("https_proxy");
}

TEST_CASE("failure words: the file that is no certificate") {
  const test::Scratch scratch;
  REQUIRE(sys::write_file_atomic(scratch / "a.crt", "-----BEGIN CERTIFICATE-----\n"));
  CHECK(file_at_fault(scratch.path()) == scratch.path());
  REQUIRE(sys::write_file_atomic(scratch / "ca.crt", "nothing"));
  CHECK(file_at_fault(scratch.path()) == scratch / "ca.crt");
}

}  // namespace
}  // namespace devenv::image::registry
