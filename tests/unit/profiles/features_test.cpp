// SPDX-License-Identifier: MIT
#include "profiles/features.hpp"

#include <doctest/doctest.h>

#include "env/base/format.hpp"
#include "profiles/project.hpp"

namespace devenv::profiles {
namespace {

using Texts = std::vector<std::string>;

ChosenFeature feature(const char* reference, Texts after = {}, Texts needs = {}) {
  ChosenFeature chosen{.reference = *image::Reference::parse(reference),
                       .options = {},
                       .stored = {*Digest::parse("sha256:" + std::string(64, '1')), {}, {}}};
  chosen.stored.feature.id = "x";
  chosen.stored.feature.installs_after = std::move(after);
  for (std::string& need : needs) {
    chosen.stored.feature.depends_on.push_back({std::move(need), {}});
  }
  return chosen;
}

std::string order(std::vector<ChosenFeature> features) {
  const auto ordered = in_order(std::move(features));
  if (!ordered) {
    return ordered.error().to_line();
  }
  Texts names;
  for (const ChosenFeature& each : *ordered) {
    names.push_back(each.reference.repository());
  }
  return join(names, " ");
}

Texts problems_of(std::string_view text) {
  Texts lines;
  for (const Diagnostic& diagnostic : check_project(text, "f")) {
    lines.push_back(diagnostic.to_string());
  }
  return lines;
}

}  // namespace

TEST_CASE("features: names of variables are those of the specification") {
  struct Case {
    const char* option;
    const char* variable;
  };
  for (const Case& each : {
           Case{"version", "VERSION"},
           Case{"nodeGypDependencies", "NODEGYPDEPENDENCIES"},
           Case{"node-version", "NODE_VERSION"},
           Case{"a b.c", "A_B_C"},
           Case{"9lives", "_LIVES"},
           Case{"__x", "_X"},
           Case{"-7", "_"},
           Case{"\xc3\xa4", "_"},
       }) {
    CAPTURE(each.option);
    CHECK_EQ(option_variable(each.option), each.variable);
  }
}

TEST_CASE("features: the order of the file, but each after what it asks for") {
  CHECK_EQ(order({feature("r.io/b"), feature("r.io/a:1")}), "b a");
  CHECK_EQ(order({feature("r.io/b:2", {"r.io/a"}), feature("r.io/a:1")}), "a b");
  CHECK_EQ(order({feature("r.io/b", {"r.io/absent"}), feature("r.io/a")}), "b a");
  CHECK_EQ(order({feature("r.io/c", {}, {"r.io/b:1"}), feature("r.io/b", {"r.io/a"}),
                  feature("r.io/a"), feature("r.io/d")}),
           "a b c d");
  // Another registry's has the name only by chance.
  CHECK_EQ(order({feature("r.io/b", {"q.io/a"}), feature("r.io/a")}), "b a");
  CHECK_EQ(order({feature("r.io/a:1", {"r.io/a"}), feature("r.io/a:2")}), "a a");
}

TEST_CASE("features: a name that one had before counts, too") {
  ChosenFeature renamed = feature("r.io/x/docker-outside");
  renamed.stored.feature.legacy_ids = {"docker-from"};
  CHECK_EQ(order({feature("r.io/y/b", {"r.io/x/docker-from"}), renamed}), "x/docker-outside y/b");
}

TEST_CASE("features: those that wait for each other are named") {
  CHECK_EQ(
      order({feature("r.io/a", {"r.io/b"}), feature("r.io/b", {}, {"r.io/a"}), feature("r.io/c")}),
      "these features wait for each other: r.io/a:latest, r.io/b:latest");
}

TEST_CASE("features: options have their default, or what was chosen among what is allowed") {
  ChosenFeature chosen = feature("r.io/a");
  chosen.stored.feature.options = {{"version", "lts", {"lts", "20"}}, {"yarn", "true", {}}};
  CHECK_EQ(join(*option_variables(chosen), " "), "VERSION=lts YARN=true");
  chosen.options = {{"version", "20"}, {"yarn", "no"}, {"verison", "1"}};
  CHECK_EQ(join(*option_variables(chosen), " "), "VERSION=20 YARN=no");
  CHECK_EQ(join(unknown_options(chosen), " "), "verison");
  chosen.options["version"] = "18";
  const auto bad = option_variables(chosen);
  REQUIRE_FALSE(bad);
  CHECK_EQ(bad.error().message(), "option 'version' of feature 'r.io/a:latest' cannot be '18'");
  CHECK_EQ(bad.error().hint(), "it is one of: lts, 20");
}

TEST_CASE("features: variables as ENV of a Dockerfile sets them, in the list and in a shell") {
  Texts list = {"PATH=/bin", "A=a"};
  const Variables variables = {{"PATH", "/opt/bin:${PATH}"},
                               {"A", "x$A-${B}y"},
                               {"C", "\\$A '$(id)' ${A:-z} $1 $"},
                               {"D", "$A"}};
  set_variables(variables, list);
  CHECK_EQ(join(list, "|"), "PATH=/opt/bin:/bin|A=xa-y|C=$A '$(id)' ${A:-z} $1 $|D=a");
  Texts none;
  set_variables({{"PATH", "/x:$PATH"}}, none);
  CHECK_EQ(none.front(), "PATH=/x:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  CHECK_EQ(join(added_directories({"PATH=/bin", "A=a"}, list), " "), "/opt/bin");
  CHECK_EQ(join(added_directories({}, none), " "), "/x");
  CHECK(added_directories(list, list).empty());
  CHECK_EQ(exporting_line({}), "");
  CHECK_EQ(exporting_line({{}, {}}), "");
  CHECK_EQ(exporting_line({{{"A", "x $B;"}, {"E", ""}}, {}, {{"F", "1"}}}),
           "export A='x '\"${B}\"';' E=''; export F=1; exec \"$@\"");
}

TEST_CASE("features: what devenv.toml says") {
  const auto project = parse_project(
      "[[features]]\nref = \"r.io/x/node:1\"\noptions = { version = \"20\", yarn = true }\n"
      "[[features]]\nref = \"localhost/x\"\n[profiles.ci]\n"
      "[[profiles.ci.features]]\nref = \"r.io/y\"\n",
      "/p", "ci");
  REQUIRE(project);
  CHECK(project->features ==
        std::vector<ProjectFeature>{{"r.io/x/node:1", {{"version", "20"}, {"yarn", "true"}}},
                                    {"localhost/x", {}},
                                    {"r.io/y", {}}});
}

TEST_CASE("features: what is wrong in devenv.toml is named") {
  struct Case {
    const char* text;
    const char* message;
  };
  for (const Case& each : {
           Case{"[[features]]\n", "f:1:1: missing key 'ref'"},
           Case{"[[features]]\nref = \"node\"\n", "f:2:7: 'node' is no feature of a registry"},
           Case{"[[features]]\nref = \"./local\"\n",
                "f:2:7: './local' is no feature of a registry"},
           Case{"[[features]]\nref = \"https://x.org/a.tgz\"\n",
                "f:2:7: 'https://x.org/a.tgz' is no feature of a registry"},
           Case{"[[features]]\nref = \"r.io/a\"\noptions = { version = 20 }\n",
                "f:3:23: 'version' must be a string or a boolean, not an integer"},
           Case{"[[features]]\nref = \"r.io/a\"\noptions = { a = \"1\\n2\" }\n",
                "f:3:17: an option has one line"},
           Case{"[[features]]\nref = \"r.io/a\"\noptions = \"20\"\n",
                "f:3:11: 'options' must be a table of strings and booleans, not a string"},
       }) {
    CAPTURE(each.text);
    CHECK_EQ(join(problems_of(each.text), "; "), each.message);
  }
}

}  // namespace devenv::profiles
