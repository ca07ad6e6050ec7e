// SPDX-License-Identifier: MIT
#include "env/sandbox/id_map.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "env/base/format.hpp"
#include "env/sandbox/id_map_text.hpp"

namespace devenv::sandbox {
namespace {

using Ranges = std::vector<SubordinateRange>;
using Extents = std::vector<IdExtent>;

std::string shown(const Extents& extents) {
  return map_file_text(extents);
}

std::string shown(const Ranges& ranges) {
  std::string text;
  for (const SubordinateRange& range : ranges) {
    text += format("{}+{} ", range.start, range.count);
  }
  return text;
}

/// What the kernel checks: no id twice on either side. Also: each id once from 0 on, then `own`.
void check_valid(const Extents& extents, std::uint32_t own) {
  bool has_own = false;
  std::uint64_t inside = 0;
  for (const IdExtent& extent : extents) {
    CHECK(extent.count > 0);
    const bool is_own = extent.inside <= own && own - extent.inside < extent.count;
    CHECK((extent.inside == inside || (is_own && extent.inside == own)));
    inside = std::uint64_t{extent.inside} + extent.count;
    if (is_own) {
      CHECK(extent.outside + (own - extent.inside) == own);
      has_own = true;
    }
    for (const IdExtent& other : extents) {
      const bool overlap = extent.outside < std::uint64_t{other.outside} + other.count &&
                           other.outside < std::uint64_t{extent.outside} + extent.count;
      CHECK((overlap == (&extent == &other)));
    }
  }
  CHECK(has_own);
}

}  // namespace

TEST_CASE("keep-id map: the user keeps the id, the others come from the ranges in order") {
  struct Row {
    std::uint32_t own;
    Ranges ranges;
    Extents expected;
  };
  const std::vector<Row> rows = {
      {0, {{100000, 65536}}, {{0, 0, 1}, {1, 100000, 65536}}},
      {1, {{100000, 65536}}, {{0, 100000, 1}, {1, 1, 1}, {2, 100001, 65535}}},
      {1000, {{100000, 65536}}, {{0, 100000, 1000}, {1000, 1000, 1}, {1001, 101000, 64536}}},
      {65535, {{100000, 65536}}, {{0, 100000, 65535}, {65535, 65535, 1}, {65536, 165535, 1}}},
      {65536, {{100000, 65536}}, {{0, 100000, 65536}, {65536, 65536, 1}}},
      {65537, {{100000, 65536}}, {{0, 100000, 65536}, {65537, 65537, 1}}},
      {99999, {{100000, 65536}}, {{0, 100000, 65536}, {99999, 99999, 1}}},
      {4'000'000'000,
       {{2'147'483'648, 65536}},
       {{0, 2'147'483'648, 65536}, {4'000'000'000, 4'000'000'000, 1}}},
      {4'294'967'294, {{100000, 65536}}, {{0, 100000, 65536}, {4'294'967'294, 4'294'967'294, 1}}},
      // the user's own id lies in the range: it cannot be given twice
      {100000, {{100000, 65536}}, {{0, 100001, 65535}, {100000, 100000, 1}}},
      {100010, {{100000, 65536}}, {{0, 100000, 10}, {10, 100011, 65525}, {100010, 100010, 1}}},
      // several ranges, in their order; neighbours are merged
      {1000,
       {{300000, 500}, {200000, 1500}},
       {{0, 300000, 500}, {500, 200000, 500}, {1000, 1000, 1}, {1001, 200500, 1000}}},
      {1000,
       {{100000, 1000}, {101000, 1000}},
       {{0, 100000, 1000}, {1000, 1000, 1}, {1001, 101000, 1000}}},
      {5000, {{100000, 1000}, {101000, 1000}}, {{0, 100000, 2000}, {5000, 5000, 1}}},
      // the same range by name and by number, and ranges that overlap
      {1000,
       {{100000, 65536}, {100000, 65536}},
       {{0, 100000, 1000}, {1000, 1000, 1}, {1001, 101000, 64536}}},
      {5, {{100, 10}, {105, 10}}, {{0, 100, 5}, {5, 5, 1}, {6, 105, 10}}},
      // more than is wanted, less than is wanted, nothing
      {0, {{100000, 1'000'000}}, {{0, 0, 1}, {1, 100000, 65536}}},
      {1000,
       {{100000, 60000}, {200000, 60000}},
       {{0, 100000, 1000}, {1000, 1000, 1}, {1001, 101000, 59000}, {60001, 200000, 5536}}},
      {1000, {{100000, 1}}, {{0, 100000, 1}, {1000, 1000, 1}}},
      {1, {{100000, 1}}, {{0, 100000, 1}, {1, 1, 1}}},
      {1000, {}, {{1000, 1000, 1}}},
      // -1 is no id
      {1000, {{4'294'967'290, 65536}}, {{0, 4'294'967'290, 5}, {1000, 1000, 1}}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.own);
    CAPTURE(shown(row.ranges));
    const Extents extents = keep_id_extents(row.own, row.ranges);
    CHECK(shown(extents) == shown(row.expected));
    check_valid(extents, row.own);
  }
}

TEST_CASE("keep-id map: stays within what the kernel takes in one write") {
  Ranges crumbs;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    crumbs.push_back({4'000'000'000U + i * 3, 1});
  }
  for (const std::uint32_t own : {0U, 50U, 4'294'000'000U}) {
    CAPTURE(own);
    const Extents extents = keep_id_extents(own, crumbs);
    CHECK(extents.size() <= 340);
    CHECK(extents.size() > 100);
    CHECK(map_file_text(extents).size() < 4096);
    check_valid(extents, own);
  }
}

TEST_CASE("id map: is recorded on one line") {
  const IdMap map{.uids = keep_id_extents(1000, {{100000, 65536}}),
                  .gids = keep_id_extents(0, {{200000, 10}})};
  CHECK(map.to_string() ==
        "uid 0:100000:1000 1000:1000:1 1001:101000:64536; gid 0:0:1 1:200000:10");
}

TEST_CASE("subordinate ranges: lines of the user, by name or number") {
  struct Row {
    const char* text;
    Ranges expected;
  };
  const std::vector<Row> rows = {
      {"", {}},
      {"ann:100000:65536\n", {{100000, 65536}}},
      {"ann:100000:65536", {{100000, 65536}}},
      {"bob:1:2\nann:100000:65536\n1000:200000:5\n", {{100000, 65536}, {200000, 5}}},
      {"anna:1:2\nan:1:2\n10000:1:2\n100:1:2\n", {}},
      {"  ann:7:8 \r\n", {{7, 8}}},
      {"# ann:1:2\n\n:1:2\nann\nann:\nann:1\nann:1:\nann::2\nann:1:2:3\n", {}},
      {"ann:x:2\nann:1:y\nann:-1:2\nann:1:-2\nann:+1:2\nann:0x10:2\n", {}},
      {"ann:1:0\n", {}},
      {"ann:4294967294:1\n", {{4294967294, 1}}},
      {"ann:4294967295:1\nann:4294967294:2\nann:4294967296:1\nann:1:4294967296\n", {}},
      {"ann:99999999999999999999:1\n", {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(shown(parse_subordinate_ranges(row.text, "ann", 1000)) == shown(row.expected));
  }
  CHECK(parse_subordinate_ranges(":1:2\n", "", 1000).empty());
}

TEST_CASE("own ids: what a namespace has, and what is left of the ranges in it") {
  const Ranges all = parse_own_ids("         0          0 4294967295\n");
  CHECK(shown(all) == "0+4294967295 ");
  CHECK(shown(clip({{100000, 65536}}, all)) == "100000+65536 ");
  CHECK(shown(identity_extents(all)) == "0 0 65536\n");

  const Ranges container = parse_own_ids("         0     100000      65536\n");
  CHECK(shown(clip({{100000, 65536}}, container)).empty());
  CHECK(shown(clip({{1000, 100000}}, container)) == "1000+64536 ");
  CHECK(shown(identity_extents(container)) == "0 0 65536\n");

  const Ranges holes = parse_own_ids("0 1000 1\n1 100000 999\n1000 5 1\njunk\n5 6\n7 8 0\n");
  CHECK(shown(holes) == "0+1 1+999 1000+1 ");
  CHECK(shown(clip({{500, 1000}}, holes)) == "500+500 1000+1 ");
  CHECK(shown(identity_extents(holes)) == "0 0 1001\n");
  CHECK(identity_extents(parse_own_ids("70000 1 10\n")).empty());
}

TEST_CASE("free range: the first that nobody has") {
  CHECK(shown({free_range("")}) == "100000+65536 ");
  CHECK(shown({free_range("a:100000:65536\n")}) == "165536+65536 ");
  CHECK(shown({free_range("b:165536:65536\na:100000:65536\n")}) == "231072+65536 ");
  CHECK(shown({free_range("a:1:2\nb:300000:65536\n")}) == "100000+65536 ");
  CHECK(shown({free_range("a:150000:10\n")}) == "150010+65536 ");
  CHECK(shown({free_range("junk\na:x:y\n")}) == "100000+65536 ");
}

TEST_CASE("nsswitch: a provider for subid other than the files") {
  struct Row {
    const char* text;
    bool expected;
  };
  const std::vector<Row> rows = {
      {"", false},
      {"passwd: files sss\n", false},
      {"subid: files\n", false},
      {"subid:\n", false},
      {"#subid: sss\n", false},
      {"subid: files # sss\n", false},
      {"subid: sss\n", true},
      {"passwd: files\n  subid:\tsss # FreeIPA\n", true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(names_subid_provider(row.text) == row.expected);
  }
}

}  // namespace devenv::sandbox
