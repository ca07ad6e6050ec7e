// SPDX-License-Identifier: MIT
#include "env/export/mime.hpp"

#include <doctest/doctest.h>

#include "tests/unit/export/made_tree.hpp"

namespace devenv::exporting {
namespace {

using Types = std::set<std::string>;
using test::MadeTree;

/// `body` in a package.
std::string package(const std::string& body) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<mime-info xmlns=\"m\">" + body +
         "</mime-info>\n";
}

/// The body of what is made of it.
std::string safe(const std::string& body, const Types& wanted, const Types& known = {}) {
  const auto made = safe_mime_package(
      package(body), wanted, [&known](const std::string& type) { return known.contains(type); });
  if (!made) {
    return made.error().to_line();
  }
  if (made->empty()) {
    return "nothing";
  }
  const std::string whole = package("|");
  const std::size_t head = whole.find('|');
  REQUIRE(made->starts_with(whole.substr(0, head)));
  REQUIRE(made->ends_with(whole.substr(head + 1)));
  return made->substr(head, made->size() - (whole.size() - 1));
}

}  // namespace

TEST_CASE("mime: an element that is kept, but for what could take files away") {
  CHECK(safe(R"(
 <!-- about it -->
 <mime-type type="x/a">
  <!-- in it -->
  <comment>A &amp; a</comment>
  <comment xml:lang="de">Ä</comment>
  <icon name="a"/>
  <magic priority="90"><match type="string" value="PK" offset="0"/></magic>
  <treemagic><treematch path="a"/></treemagic>
  <glob pattern="*.a"/>
  <glob weight="60" pattern="*.zip"/>
  <glob pattern='*.b' weight='3' case-sensitive="true"/>
  <glob weight="-1" pattern="*.c"></glob>
  <root-XML namespaceURI="u" localName="a"/>
 </mime-type>
)",
             {"x/a"}) == R"(
 <mime-type type="x/a">
  <!-- in it -->
  <comment>A &amp; a</comment>
  <comment xml:lang="de">Ä</comment>
  <icon name="a"/>
  <glob weight="5" pattern="*.a"/>
  <glob weight="5" pattern="*.zip"/>
  <glob pattern='*.b' weight='3' case-sensitive="true"/>
  <glob weight="5" pattern="*.c"></glob>
  <root-XML namespaceURI="u" localName="a"/>
 </mime-type>
)");
}

TEST_CASE("mime: which types are kept") {
  const auto type = [](const std::string& name, const std::string& inside = "") {
    return "<mime-type type=\"" + name + "\">" + inside + "</mime-type>";
  };
  const std::string a = type("x/a");
  const std::string b = type("x/b", "<sub-class-of type=\"x/a\"/>");
  const std::string c = type("x/c", "<alias type=\"x/d\"/>");
  struct Row {
    std::string body;
    Types wanted;
    Types known;
    std::string expected;
  };
  for (const Row& row : {
           Row{a + b + c, {"x/a"}, {}, a},
           Row{a + b + c, {"x/b"}, {}, a + b},
           Row{b + a, {"x/b"}, {}, b + a},
           Row{a + b, {"x/b"}, {"x/a"}, b},
           Row{a + b, {"x/b"}, {"x/b"}, "nothing"},
           Row{a + b, {}, {}, "nothing"},
           Row{a, {"X/A"}, {}, a},
           Row{type("X/A"), {"x/a"}, {}, type("X/A")},
           Row{a + c, {"x/d"}, {}, c},
           Row{a + c, {"x/d"}, {"x/c"}, "nothing"},
           Row{a + c, {"x/c"}, {"x/d"}, type("x/c")},
           Row{a + c, {"x/d"}, {"x/d"}, "nothing"},
           // Hidden by a reference: not what it seems.
           Row{type("x/c", "<alias type=\"x&#47;d\"/>"), {"x/c"}, {}, type("x/c")},
           Row{type("x&#47;a"), {"x/a", "", "x&#47;a"}, {}, "nothing"},
           Row{"<mime-type/>", {""}, {}, "nothing"},
           Row{a + "<other/><x:magic xmlns:x='m'/>", {"x/a"}, {}, a},
           Row{"<o>" + a + "</o>", {"x/a"}, {}, "nothing"},
           Row{type("x/a", "<x:magic/>"), {"x/a"}, {}, a},
           Row{" <!-- b --> " + b + " <!-- a -->\n" + a + "\n<!-- end -->\n",
               {"x/a"},
               {},
               "\n" + a + "\n"},
           Row{type("x/a", "<magic><glob/></magic> <glob/>"),
               {"x/a"},
               {},
               type("x/a", " <glob weight=\"5\"/>")},
           Row{type("x/a", "<x:glob/>"), {"x/a"}, {}, type("x/a", "<x:glob weight=\"5\"/>")},
           Row{"<mime-type type='x/a'/>", {"x/a"}, {}, "<mime-type type='x/a'/>"},
           Row{a + "<b>", {"x/a"}, {}, "line 2: an end tag that ends nothing"},
       }) {
    CAPTURE(row.body);
    CHECK(safe(row.body, row.wanted, row.known) == row.expected);
  }
}

TEST_CASE("mime: what stands before the root is left out") {
  const auto made = safe_mime_package(
      "<!DOCTYPE mime-info [<!ELEMENT mime-info (mime-type)+>]><!-- c -->\n"
      "<mime-info><mime-type type=\"x/a\"/></mime-info>",
      {"x/a"}, [](const std::string&) { return false; });
  REQUIRE(made);
  CHECK(*made ==
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<mime-info><mime-type type=\"x/a\"/></mime-info>");
}

TEST_CASE("mime: another kind of document") {
  const auto made = safe_mime_package("<svg/>", {"x/a"}, [](const std::string&) { return false; });
  REQUIRE_FALSE(made);
  CHECK(made.error().code() == ErrorCode::integrity);
  CHECK(made.error().to_line() == "this is no package of types");
}

TEST_CASE("mime: types of the host") {
  MadeTree tree;
  tree.file("usr/types", "text/plain\nimage/png\n")
      .file("usr/aliases", "image/x-png image/png\n")
      .file("home/types", "x/ours\nx/shared\nx/own\n")
      .file("home/aliases", "x/ours-alias x/ours\n")
      .file("home/packages/ours.xml",
            package("<mime-type type=\"x/ours\"><alias type=\"x/ours-alias\"/></mime-type>"
                    "<mime-type type=\"x/shared\"/>"))
      .file("home/packages/own.xml",
            package("<mime-type type=\"x/own\"/><mime-type type=\"x/shared\"/>"))
      .file("home/packages/broken.xml", "<");
  const Types ours = {tree / "home/packages/ours.xml", tree / "home/packages/gone.xml"};
  const HostTypes host = HostTypes::read({tree / "home", tree / "usr", tree / "none"}, ours);
  for (const std::string type :
       {"text/plain", "Text/Plain", "image/png", "image/x-png", "x/own", "x/shared"}) {
    CAPTURE(type);
    CHECK(host.contains(type));
  }
  for (const std::string type : {"x/ours", "x/ours-alias", "text", "x/none"}) {
    CAPTURE(type);
    CHECK_FALSE(host.contains(type));
  }
  CHECK(HostTypes::read({tree / "home"}, {}).contains("x/ours"));
}

TEST_CASE("mime: packages inside an environment") {
  MadeTree inside;
  const std::string packages = "share/mime/packages/";
  const auto type = [](const std::string& name) {
    return package("<mime-type type=\"" + name + "\"/>");
  };
  inside.file("usr/" + packages + "a.xml", type("x/a"))
      .file("usr/" + packages + "b.xml", type("x/b"))
      .file("usr/local/" + packages + "b.xml", type("x/local"))
      .file("usr/" + packages + "known.xml", type("text/plain"))
      .file("usr/" + packages + "broken.xml", "x/a")
      .file("usr/" + packages + "a.txt", type("x/a"))
      .link("usr/" + packages + "link.xml", "/opt/c.xml")
      .link("usr/" + packages + "gone.xml", "/opt/gone.xml")
      .file("opt/c.xml", type("x/c"));
  MadeTree host;
  host.file("types", "text/plain\n");
  const HostTypes known = HostTypes::read({host.path()}, {});
  const sys::UniqueFd root = inside.root();
  MimePackages all(root.get(), {"/usr/local/share", "/usr/share"});
  const auto found = all.find({"text/plain", "x/a", "X/C", "x/b", "x/none"}, known);
  REQUIRE(found.size() == 2);
  CHECK(found[0].path == "/usr/share/mime/packages/a.xml");
  CHECK(found[0].contents == type("x/a"));
  CHECK(found[1].path == "/usr/share/mime/packages/link.xml");
  CHECK(found[1].contents == type("x/c"));
  CHECK(all.find({"x/local"}, known).size() == 1);
  CHECK(all.find({"text/plain", "x-scheme-handler/http", ""}, known).empty());
  CHECK(all.find({}, known).empty());
}

}  // namespace devenv::exporting
