// SPDX-License-Identifier: MIT
#include "env/instance/usage.hpp"

#include <doctest/doctest.h>

using namespace devenv;
using namespace devenv::instance;

namespace {

Digest layer(char digit) {
  return *Digest::parse("sha256:" + std::string(64, digit));
}

}  // namespace

TEST_CASE("usage: what is shared is nobody's own") {
  const Usage usage =
      sum_up({.layers = {{layer('a'), 100}, {layer('b'), 20}, {layer('c'), 3}, {layer('d'), 1}},
              .images = {{"base", {layer('a')}},
                         {"one", {layer('a'), layer('b')}},
                         {"two", {layer('a'), layer('c')}}},
              .environments = {{"box", {layer('a'), layer('b')}}},
              .environment_bytes = {{"box", 7}}});
  REQUIRE(usage.images.size() == 3);
  CHECK(usage.images[0].total_bytes == 100);
  CHECK(usage.images[0].own_bytes == 0);
  CHECK(usage.images[1].total_bytes == 120);
  CHECK(usage.images[1].own_bytes == 0);
  CHECK(usage.images[2].own_bytes == 3);
  REQUIRE(usage.environments.size() == 1);
  CHECK(usage.environments[0].own_bytes == 7);
  CHECK(usage.environments[0].below_bytes == 120);
  CHECK(usage.layer_bytes == 124);
  CHECK(usage.layers == 4);
  CHECK(usage.unused_bytes == 1);
  CHECK(usage.total_bytes() == 131);
}

TEST_CASE("usage: a layer that is not there takes nothing") {
  const Usage usage = sum_up({.images = {{"gone", {layer('a')}}}});
  CHECK(usage.images[0].total_bytes == 0);
  CHECK(usage.total_bytes() == 0);
}
