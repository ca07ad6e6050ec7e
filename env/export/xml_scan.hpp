// SPDX-License-Identifier: MIT
// The marks of an XML text, for editing it where it is: nothing is made up, nothing is expanded.
// Source: Extensible Markup Language (XML) 1.0, fifth edition, sections 2 and 3.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "env/base/result.hpp"

namespace devenv::exporting {

struct XmlAttribute {
  std::string_view name;   ///< with its prefix
  std::string_view value;  ///< as it is written, between the quotes
};

/// Views of the text that was scanned.
struct XmlElement {
  std::string_view name;  ///< without its prefix
  std::vector<XmlAttribute> attributes;
  std::size_t begin = 0;     ///< of the start tag
  std::size_t tag_end = 0;   ///< behind the start tag
  std::size_t end = 0;       ///< behind the end tag, or `tag_end` of an empty element
  std::size_t name_end = 0;  ///< where an attribute can be put in
  std::size_t parent = 0;    ///< index of the element around it; the root's own is 0

  std::optional<std::string_view> attribute(std::string_view wanted) const;
};

struct XmlScan {
  std::vector<XmlElement> elements;  ///< in the order of their start tags; the first is the root
};

/// Errors: integrity for what is not well-formed, for an encoding other than UTF-8, and for
/// entities other than the five that XML has: declared ones could grow without end.
Result<XmlScan> scan_xml(std::string_view text);

}  // namespace devenv::exporting
