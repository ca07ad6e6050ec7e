// SPDX-License-Identifier: MIT
#include "env/export/xml_scan.hpp"

#include <doctest/doctest.h>

#include <string>

namespace devenv::exporting {

TEST_CASE("XML: elements, where they are") {
  const std::string text =
      "<?xml version='1.0' encoding='utf-8'?>\n<!DOCTYPE a [<!ELEMENT a (b)>]>\n"
      "<!-- <not><this> -->\n"
      "<p:a xmlns:p='x'>\n <b one=\"1\" two = 'a &lt; \">\"'>text &#65; </b >"
      "<![CDATA[<no>]]><c/><?pi <x> ?><d\te='f' /></p:a>\n<!-- end -->";
  const auto scan = scan_xml(text);
  REQUIRE(scan);
  REQUIRE(scan->elements.size() == 4);
  const auto whole = [&](std::size_t i) {
    const XmlElement& element = scan->elements[i];
    return text.substr(element.begin, element.end - element.begin);
  };
  CHECK(scan->elements[0].name == "a");
  CHECK(whole(0).starts_with("<p:a "));
  CHECK(whole(0).ends_with("</p:a>"));
  CHECK(whole(1) == "<b one=\"1\" two = 'a &lt; \">\"'>text &#65; </b >");
  CHECK(scan->elements[1].attribute("one") == "1");
  CHECK(scan->elements[1].attribute("two") == "a &lt; \">\"");
  CHECK_FALSE(scan->elements[1].attribute("On"));
  CHECK(text.substr(scan->elements[1].name_end, 5) == " one=");
  CHECK(whole(2) == "<c/>");
  CHECK(whole(3) == "<d\te='f' />");
  CHECK(scan->elements[3].attribute("e") == "f");
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(scan->elements[i].parent == 0);
  }
}

TEST_CASE("XML: parents") {
  const auto scan = scan_xml("<a><b><c/><d><e/></d></b><f/></a>");
  REQUIRE(scan);
  const std::vector<std::size_t> expected = {0, 0, 1, 1, 3, 0};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(scan->elements[i].parent == expected[i]);
  }
}

TEST_CASE("XML: what is not well-formed, or more than is read") {
  struct Row {
    std::string text;
    std::string message;
  };
  for (const Row& row : {
           Row{"", "line 1: ends too early"},
           Row{"text", "line 1: text outside of the root"},
           Row{"<a>", "line 1: ends too early"},
           Row{"<a>\n<b></a>", "line 2: an end tag that ends nothing"},
           Row{"<a></p:a>", "line 1: an end tag that ends nothing"},
           Row{"</a>", "line 1: an end tag that ends nothing"},
           Row{"<a/><b/>", "line 1: more than one root"},
           Row{"<a/>\n\nx", "line 1: text outside of the root"},
           Row{"<a", "line 1: a tag that is not closed"},
           Row{"<a b></a>", "line 1: an attribute without a value"},
           Row{"<a b=c></a>", "line 1: a value without quotes"},
           Row{"<a b='c></a>", "line 1: a value that does not end"},
           Row{"<a b='<'/>", "line 1: a tag in a value"},
           Row{"<a b='1'c='2'/>", "line 1: a tag that is not closed"},
           Row{"<a b='1' b='2'/>", "line 1: an attribute that is there twice"},
           Row{"< a/>", "line 1: a name is missing"},
           Row{"<a/ >", "line 1: a tag that is not closed"},
           Row{"<a><!-- </a>", "line 1: ends too early"},
           Row{"<a>&b;</a>", "line 1: an entity that XML does not have"},
           Row{"<a>&</a>", "line 1: an entity that XML does not have"},
           Row{"<a b='&c;'/>", "line 1: an entity that XML does not have"},
           Row{"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "line 1: entities are declared"},
           Row{"<!DOCTYPE a [<!ELEMENT a ']'>]><a/>",
               "line 1: a document type that is too hard to read"},
           Row{"<a><!DOCTYPE b></a>", "line 1: a document type inside of the root"},
           Row{"<![CDATA[x]]><a/>", "line 1: text outside of the root"},
           Row{"<?xml version='1.0' encoding='UTF-16'?><a/>", "line 1: the encoding is not UTF-8"},
       }) {
    CAPTURE(row.text);
    const auto scan = scan_xml(row.text);
    REQUIRE_FALSE(scan);
    CHECK(scan.error().code() == ErrorCode::integrity);
    CHECK(scan.error().to_line() == row.message);
  }
  std::string deep;
  for (int i = 0; i < 1000; ++i) {
    deep += "<a>";
  }
  CHECK(scan_xml(deep).error().to_line() == "line 1: elements are nested too deeply");
}

TEST_CASE("XML: text cut anywhere is an error and nothing worse") {
  const std::string text =
      "<?xml version='1.0'?><!DOCTYPE a [<!ELEMENT a (b)>]><a b='c'><!--x--><![CDATA[y]]>&amp;<d/>"
      "</a>";
  REQUIRE(scan_xml(text));
  for (std::size_t length = 0; length < text.size(); ++length) {
    CAPTURE(length);
    CHECK_FALSE(scan_xml(text.substr(0, length)));
  }
}

}  // namespace devenv::exporting
