// SPDX-License-Identifier: MIT
#include "env/export/writer.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "tests/unit/export/made_tree.hpp"

namespace devenv::exporting {
namespace {

using test::MadeTree;

/// A home, and an environment "box" whose directory is there.
class Host {
 public:
  Host() { REQUIRE(sys::make_directories(tree_ / "data/envs/box")); }

  Writer writer(const std::string& name = "box") {
    REQUIRE(sys::make_directories(tree_ / ("data/envs/" + name)));
    auto opened = Writer::open(
        tree_ / "data", {*instance::EnvironmentName::parse(name), tree_ / ("data/envs/" + name)});
    REQUIRE(opened);
    return *std::move(opened);
  }
  NewExport app(const std::string& id,
                const std::vector<std::pair<std::string, std::string>>& files) {
    NewExport made{{.kind = Kind::app, .id = id, .source = "/" + id, .files = {}, .options = {}},
                   {}};
    for (const auto& [name, contents] : files) {
      made.files.push_back({.path = path(name), .contents = contents});
    }
    return made;
  }
  std::string path(const std::string& name) const { return tree_ / ("home/" + name); }
  std::string read(const std::string& name) const {
    return sys::read_file(path(name)).value_or("(none)");
  }
  bool has(const std::string& name) const { return sys::exists(path(name)); }
  MadeTree& tree() { return tree_; }

 private:
  MadeTree tree_;
};

Change put(Writer& writer, NewExport wanted) {
  std::vector<NewExport> one;
  one.push_back(std::move(wanted));
  const auto results = writer.put(std::move(one));
  REQUIRE(results);
  REQUIRE(results->front());
  return *results->front();
}

void remove(Writer& writer, const std::string& id, const std::vector<std::string>& left = {}) {
  const Export* const entry = writer.ledger().find(Kind::app, id);
  REQUIRE(entry != nullptr);
  const auto removed = writer.remove({*entry}, Again::allowed);
  REQUIRE(removed);
  CHECK(removed->changed == std::set<std::string>(left.begin(), left.end()));
  CHECK_FALSE(removed->failure);
}

}  // namespace

TEST_CASE("writer: made, nothing, renewed, gone") {
  Host host;
  Writer writer = host.writer();
  CHECK(put(writer, host.app("a", {{"x/1", "one"}, {"x/2", "two"}})) == Change::made);
  CHECK(host.read("x/1") == "one");
  CHECK(put(writer, host.app("a", {{"x/1", "one"}, {"x/2", "two"}})) == Change::nothing);
  CHECK(put(writer, host.app("a", {{"x/1", "new"}, {"y/3", "three"}})) == Change::renewed);
  CHECK(host.read("x/1") == "new");
  CHECK_FALSE(host.has("x/2"));
  remove(writer, "a");
  REQUIRE(writer.finish());
  CHECK_FALSE(host.has(""));
  CHECK_FALSE(sys::exists(host.tree() / "data/exports.json"));
  CHECK_FALSE(sys::exists(host.tree() / "data/envs/box/exports.json"));
}

TEST_CASE("writer: what is not ours is an obstacle, and nothing is written") {
  Host host;
  host.tree().file("home/mine", "mine").link("home/link", "nowhere").file("home/directory/x", "");
  Writer writer = host.writer();
  for (const std::string name : {"mine", "link", "directory"}) {
    CAPTURE(name);
    const auto results =
        writer.put({host.app("a", {{"other", "x"}, {name, "x"}}), host.app("b", {{"b", "x"}})});
    REQUIRE(results);
    REQUIRE_FALSE(results->at(0));
    CHECK(results->at(0).error().code() == ErrorCode::conflict);
    CHECK(results->at(0).error().message() ==
          "'" + host.path(name) + "' is there already, and not ours");
    CHECK(results->at(1).has_value());
    CHECK_FALSE(host.has("other"));
    remove(writer, "b");
  }
  CHECK(host.read("mine") == "mine");
  CHECK(std::filesystem::is_symlink(host.path("link")));
  CHECK(writer.ledger().exports.empty());
}

TEST_CASE("writer: what was changed since is neither replaced nor removed") {
  Host host;
  Writer writer = host.writer();
  put(writer, host.app("a", {{"1", "one"}, {"2", "two"}}));
  host.tree().file("home/1", "mine");
  const auto results = writer.put({host.app("a", {{"1", "new"}, {"2", "new"}})});
  REQUIRE(results);
  CHECK(results->front().error().message() ==
        "'" + host.path("1") + "' was changed by somebody else");
  CHECK(host.read("2") == "two");
  remove(writer, "a", {host.path("1")});
  CHECK(host.read("1") == "mine");
  CHECK_FALSE(host.has("2"));
}

TEST_CASE("writer: an empty file is what a power failure leaves, and is ours") {
  Host host;
  Writer writer = host.writer();
  put(writer, host.app("a", {{"1", "one"}, {"2", "two"}}));
  host.tree().file("home/1", "").file("home/2", "");
  CHECK(put(writer, host.app("a", {{"1", "one"}})) == Change::renewed);
  CHECK(host.read("1") == "one");
  CHECK_FALSE(host.has("2"));
}

TEST_CASE("writer: a file of two stays until both are gone") {
  Host host;
  Writer writer = host.writer();
  put(writer, host.app("a", {{"icon", "x"}, {"a", "1"}}));
  put(writer, host.app("b", {{"icon", "x"}, {"b", "1"}}));
  remove(writer, "a");
  CHECK(host.has("icon"));
  put(writer, host.app("b", {{"b", "1"}}));
  CHECK_FALSE(host.has("icon"));
}

TEST_CASE("writer: files of another environment are not ours") {
  Host host;
  {
    Writer first = host.writer("one");
    put(first, host.app("a", {{"a", "x"}}));
  }
  Writer second = host.writer("two");
  CHECK(second.obstacle(host.path("a")) ==
        "'" + host.path("a") + "' is there already, and not ours");
  CHECK_FALSE(second.obstacle(host.path("b")));
}

TEST_CASE("writer: directories that were there stay, ours go when the last has left") {
  Host host;
  host.tree().file("home/share/keep", "");
  {
    Writer first = host.writer("one");
    put(first, host.app("a", {{"share/apps/a", "x"}}));
    REQUIRE(first.finish());
  }
  {
    Writer second = host.writer("two");
    put(second, host.app("b", {{"share/apps/b", "x"}}));
    REQUIRE(second.finish());
  }
  {
    Writer first = host.writer("one");
    remove(first, "a");
    REQUIRE(first.finish());
  }
  CHECK(host.has("share/apps/b"));
  Writer second = host.writer("two");
  remove(second, "b");
  REQUIRE(second.finish());
  CHECK_FALSE(host.has("share/apps"));
  CHECK(host.has("share/keep"));
}

TEST_CASE("writer: caches that are ours go when nothing is in them") {
  Host host;
  host.tree().file("home/old/cache", "[MIME Cache]\n").file("home/keep", "");
  Writer writer = host.writer();
  REQUIRE(writer.expect_cache(host.path("old/cache")));
  REQUIRE(writer.expect_cache(host.path("new/cache")));
  REQUIRE(writer.expect_cache(host.path("new/cache")));
  host.tree().file("home/new/cache", "[MIME Cache]\na/b=c;\n");
  REQUIRE(writer.finish());
  CHECK(host.has("new/cache"));
  host.tree().file("home/new/cache", "[MIME Cache]\n");
  REQUIRE(writer.finish());
  CHECK_FALSE(host.has("new/cache"));
  CHECK(host.has("old/cache"));
}

TEST_CASE("writer: what comes by itself and is taken back does not come again") {
  Host host;
  Writer writer = host.writer();
  NewExport automatic = host.app("a", {{"a", "x"}});
  automatic.entry.automatic = true;
  put(writer, automatic);
  put(writer, host.app("b", {{"b", "x"}}));
  REQUIRE(writer.remove(writer.ledger().exports, Again::never));
  CHECK(writer.ledger().excluded == std::vector<std::string>{"a"});
  REQUIRE(writer.finish());
  // Until it is asked for.
  put(writer, host.app("a", {{"a", "x"}}));
  CHECK(writer.ledger().excluded.empty());
  REQUIRE(writer.remove(writer.ledger().exports, Again::allowed));
  CHECK(writer.ledger().excluded.empty());
}

TEST_CASE("writer: what cannot be written leaves nothing, and what was written stays") {
  Host host;
  Writer writer = host.writer();
  put(writer, host.app("old", {{"old/1", "one"}}));
  host.tree().file("home/file", "");
  const auto results = writer.put({host.app("first", {{"first/1", "x"}}),
                                   host.app("second", {{"second/1", "x"}, {"file/below", "x"}}),
                                   host.app("third", {{"third/1", "x"}})});
  REQUIRE(results);
  CHECK(results->at(0).has_value());
  CHECK_FALSE(results->at(1).has_value());
  CHECK(results->at(2).has_value());
  REQUIRE(writer.finish());
  CHECK(host.has("first/1"));
  CHECK_FALSE(host.has("second"));
  CHECK(host.has("third/1"));
  CHECK(writer.ledger().find(Kind::app, "second") == nullptr);
  CHECK(writer.ledger().find(Kind::app, "old") != nullptr);
  CHECK_FALSE(writer.ledger().unfinished);
}

TEST_CASE("writer: names that are not UTF-8 are refused, because the ledger could not tell them") {
  Host host;
  Writer writer = host.writer();
  NewExport odd = host.app("a", {{"we\xffird", "x"}});
  NewExport argument = host.app("b", {{"b", "x"}});
  argument.entry.options.arguments = {"\xff"};
  const auto results = writer.put({odd, argument});
  REQUIRE(results);
  for (const PutResult& result : *results) {
    REQUIRE_FALSE(result);
    CHECK(result.error().code() == ErrorCode::unsupported);
  }
  CHECK(writer.ledger().exports.empty());
  CHECK_FALSE(host.has("we\xffird"));
  CHECK_FALSE(host.has("b"));
}

TEST_CASE("writer: what a killed one has left goes, and nothing else") {
  Host host;
  {
    Writer writer = host.writer();
    put(writer, host.app("a", {{"x/a", "1"}}));
  }
  const instance::EnvironmentDirectory box{*instance::EnvironmentName::parse("box"),
                                           host.tree() / "data/envs/box"};
  Ledger ledger = *load_ledger(box);
  ledger.unfinished = true;
  REQUIRE(save_ledger(box, ledger));
  host.tree()
      .file("home/x/a.tmp.0123456789abcdef", "")
      .file("home/x/b.tmp.0123456789abcdef", "")
      .file("home/x/a.tmp.0123456789abcdeg", "")
      .file("home/x/a.tmp.0123", "")
      .file("data/exports.json.tmp.0123456789abcdef", "");
  const Writer writer = host.writer();
  CHECK_FALSE(host.has("x/a.tmp.0123456789abcdef"));
  CHECK(host.has("x/b.tmp.0123456789abcdef"));
  CHECK(host.has("x/a.tmp.0123456789abcdeg"));
  CHECK(host.has("x/a.tmp.0123"));
  CHECK(host.has("x/a"));
  CHECK_FALSE(sys::exists(host.tree() / "data/exports.json.tmp.0123456789abcdef"));
}

}  // namespace devenv::exporting
