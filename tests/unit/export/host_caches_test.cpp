// SPDX-License-Identifier: MIT
// The programs are scripts of the test, which write down what they are called with.
#include "env/export/host_caches.hpp"

#include <doctest/doctest.h>

#include "env/base/format.hpp"
#include "env/sys/entry.hpp"
#include "tests/unit/export/made_tree.hpp"

namespace devenv::exporting {
namespace {

using Lines = std::vector<std::string>;
using test::MadeTree;

constexpr ChangedFiles kAll = {.applications = true, .icons = true, .mime = true};

class Warnings final : public Reporter {
 public:
  void step(std::string_view /*message*/) override {}
  void warn(std::string_view message, std::string_view /*hint*/) override {
    lines.emplace_back(message);
  }
  void progress(std::string_view /*id*/,
                std::string_view /*activity*/,
                std::uint64_t /*done*/,
                std::uint64_t /*total*/,
                bool /*finished*/) override {}

  Lines lines;
};

HostPlaces places_in(const MadeTree& tree) {
  return {.applications = tree / "applications", .icons = tree / "icons", .mime = tree / "mime"};
}

/// All programs are `script`.
FindProgram every_program(const MadeTree& tree, const std::string& script) {
  REQUIRE(sys::write_file_atomic(tree / "program", "#!/bin/sh\n" + script, 0755));
  return [program = tree / "program"](const std::string&) { return program; };
}

Lines arguments(const MadeTree& tree, const ChangedFiles& changed, const FindProgram& find) {
  Lines lines;
  for (const CacheCommand& command : cache_commands(places_in(tree), changed, find)) {
    lines.push_back(join(command.argv, " "));
  }
  return lines;
}

/// A time long ago.
void make_old(const std::string& path) {
  REQUIRE(sys::set_modified_at(AT_FDCWD, path, {.tv_sec = 1000, .tv_nsec = 0}));
}

bool is_old(const std::string& path) {
  const auto info = sys::stat_path(path);
  REQUIRE((info && *info));
  return (*info)->st_mtim.tv_sec == 1000;
}

void make_full_host(MadeTree& tree) {
  tree.file("applications/a.desktop", "")
      .file("icons/hicolor/icon-theme.cache", "")
      .file("mime/packages/a.xml", "");
}

}  // namespace

TEST_CASE("host caches: what runs after which change") {
  MadeTree tree;
  make_full_host(tree);
  const auto find = [](const std::string& name) { return "/bin/" + name; };
  const std::string mime = "/bin/update-mime-database " + tree / "mime";
  const std::string applications = "/bin/update-desktop-database --quiet " + tree / "applications";
  const std::string icons =
      "/bin/gtk-update-icon-cache --force --ignore-theme-index --quiet " + tree / "icons/hicolor";
  CHECK(arguments(tree, {}, find) == Lines{});
  CHECK(arguments(tree, {.applications = true}, find) == Lines{applications});
  CHECK(arguments(tree, {.icons = true}, find) == Lines{icons});
  CHECK(arguments(tree, {.mime = true}, find) == Lines{mime});
  CHECK(arguments(tree, kAll, find) == Lines{mime, applications, icons});
}

TEST_CASE("host caches: nothing runs where there is nothing, or no program") {
  MadeTree tree;
  const auto every = [](const std::string& name) { return "/bin/" + name; };
  const auto none = [](const std::string&) { return std::optional<std::string>(); };
  CHECK(arguments(tree, kAll, every) == Lines{});
  tree.file("icons/hicolor/48x48/apps/a.png", "").file("icons/hicolor/index.theme", "");
  CHECK(arguments(tree, kAll, every) == Lines{});
  make_full_host(tree);
  CHECK(arguments(tree, kAll, none) == Lines{});
  CHECK(arguments(tree, kAll, every).size() == 3);
}

TEST_CASE("host caches: each program is run once") {
  MadeTree tree;
  make_full_host(tree);
  Warnings warnings;
  renew_caches(places_in(tree), kAll, warnings,
               every_program(tree, "echo noise; echo noise >&2; echo x >>\"${0%/*}/called\""));
  CHECK(warnings.lines == Lines{});
  CHECK(sys::read_file(tree / "called").value_or("") == "x\nx\nx\n");
}

TEST_CASE("host caches: a failure is a warning, and the others run all the same") {
  MadeTree tree;
  make_full_host(tree);
  Warnings warnings;
  renew_caches(places_in(tree), {.applications = true, .icons = true}, warnings,
               every_program(tree, "exit 3"));
  const std::string program = tree / "program";
  CHECK(warnings.lines ==
        Lines{format("cannot renew what the desktop knows of which program opens what: "
                     "'{} --quiet {}' exited with status 3",
                     program, tree / "applications"),
              format("cannot renew what the desktop knows of icons: "
                     "'{} --force --ignore-theme-index --quiet {}' exited with status 3",
                     program, tree / "icons/hicolor")});
}

TEST_CASE("host caches: a program that does not end is ended") {
  MadeTree tree;
  make_full_host(tree);
  Warnings warnings;
  renew_caches(places_in(tree), {.mime = true}, warnings,
               every_program(tree, "while :; do :; done"), std::chrono::milliseconds(50));
  CHECK(warnings.lines == Lines{format("cannot renew what the desktop knows of types of files: "
                                       "'{}' did not end in time",
                                       tree / "program")});
}

TEST_CASE("host caches: directories of icons get a new time, so that a cache is old") {
  MadeTree tree;
  tree.file("icons/hicolor/48x48/apps/a.png", "");
  const Lines directories = {tree / "icons", tree / "icons/hicolor"};
  const auto none = [](const std::string&) { return std::optional<std::string>(); };
  for (const std::string& directory : directories) {
    make_old(directory);
  }
  Warnings warnings;
  renew_caches(places_in(tree), {.applications = true, .mime = true}, warnings, none);
  for (const std::string& directory : directories) {
    CHECK(is_old(directory));
  }
  renew_caches(places_in(tree), {.icons = true}, warnings, none);
  for (const std::string& directory : directories) {
    CHECK_FALSE(is_old(directory));
  }
  CHECK(warnings.lines == Lines{});
}

TEST_CASE("host caches: a database of types with nothing in it is removed") {
  const auto none = [](const std::string&) { return std::optional<std::string>(); };
  struct Row {
    std::string_view what;
    std::string types;
    bool package;
    ChangedFiles changed;
    bool removed;
  };
  for (const Row& row : {
           Row{"empty", "", false, {.mime = true}, true},
           Row{"not looked at", "", false, {.applications = true, .icons = true}, false},
           Row{"with a package", "", true, {.mime = true}, false},
           Row{"with a type", "x/a\n", false, {.mime = true}, false},
       }) {
    CAPTURE(row.what);
    MadeTree tree;
    tree.file("mime/types", row.types)
        .file("mime/mime.cache", "binary")
        .file("mime/globs2", "")
        .file("mime/own", "not generated")
        .file("mime/image/own.xml", "")
        .file("mime/packages/a.txt", "");
    REQUIRE(sys::make_directories(tree / "mime/application"));
    if (row.package) {
      tree.file("mime/packages/a.xml", "");
    }
    Warnings warnings;
    renew_caches(places_in(tree), row.changed, warnings, none);
    const Lines left = sys::list_directory(tree / "mime").value_or(Lines{});
    CHECK(left == (row.removed ? Lines{"image", "own", "packages"}
                               : Lines{"application", "globs2", "image", "mime.cache", "own",
                                       "packages", "types"}));
    CHECK(sys::exists(tree / "mime/image/own.xml"));
  }
}

}  // namespace devenv::exporting
