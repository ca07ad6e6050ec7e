// SPDX-License-Identifier: MIT
#include "env/export/xml_scan.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::exporting {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kNameEnd = " \t\r\n/>=<'\"&";
constexpr std::size_t kMaxDepth = 100;

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Result<XmlScan> scan() {
    if (text_.starts_with("\xef\xbb\xbf")) {
      at_ = 3;
    }
    while (at_ < text_.size()) {
      TRY(text_[at_] == '<' ? markup() : characters());
    }
    if (!open_.empty() || scan_.elements.empty()) {
      return error("ends too early");
    }
    return std::move(scan_);
  }

 private:
  tl::unexpected<Error> error(std::string_view what) const {
    const auto before = text_.substr(0, std::min(at_, text_.size()));
    return fail(ErrorCode::integrity,
                format("line {}: {}", std::count(before.begin(), before.end(), '\n') + 1, what));
  }

  bool here(std::string_view mark) const { return text_.substr(at_).starts_with(mark); }

  /// Goes behind `mark`.
  Result<void> skip_to(std::string_view mark) {
    const std::size_t found = text_.find(mark, at_);
    if (found == std::string_view::npos) {
      return error("ends too early");
    }
    at_ = found + mark.size();
    return {};
  }

  void skip_space() { at_ = std::min(text_.find_first_not_of(kSpace, at_), text_.size()); }

  Result<void> markup() {
    if (here("<!--")) {
      at_ += 4;
      return skip_to("-->");
    }
    if (here("<![CDATA[")) {
      return open_.empty() ? error("text outside of the root") : skip_to("]]>");
    }
    if (here("<?")) {
      return instruction();
    }
    if (here("<!DOCTYPE")) {
      return document_type();
    }
    if (here("</")) {
      return end_tag();
    }
    return start_tag();
  }

  /// "<?xml version='1.0' encoding='UTF-8'?>" and others.
  Result<void> instruction() {
    const std::size_t begin = at_;
    TRY(skip_to("?>"));
    const std::string_view whole = text_.substr(begin, at_ - begin);
    if (!whole.starts_with("<?xml") || kSpace.find(whole[5]) == std::string_view::npos) {
      return {};
    }
    const std::string lower = text::to_lower(whole);
    const std::size_t encoding = lower.find("encoding");
    if (encoding != std::string::npos && lower.find("utf-8", encoding) == std::string::npos &&
        lower.find("ascii", encoding) == std::string::npos) {
      return error("the encoding is not UTF-8");
    }
    return {};
  }

  /// What is declared is skipped, as nothing depends on it without entities.
  Result<void> document_type() {
    if (!scan_.elements.empty()) {
      return error("a document type inside of the root");
    }
    const std::size_t bracket = text_.find_first_of("[>", at_);
    if (bracket == std::string_view::npos || text_[bracket] == '>') {
      return skip_to(">");
    }
    const std::size_t begin = at_;
    at_ = bracket;
    TRY(skip_to("]"));
    skip_space();
    if (!here(">")) {
      return error("a document type that is too hard to read");
    }
    ++at_;
    const std::string_view whole = text_.substr(begin, at_ - begin);
    return whole.find("<!ENTITY") != std::string_view::npos || whole.find('%') != whole.npos
               ? error("entities are declared")
               : Result<void>();
  }

  Result<void> check_references(std::string_view characters) {
    constexpr std::array<std::string_view, 5> kKnown = {"amp", "lt", "gt", "apos", "quot"};
    for (std::size_t i = characters.find('&'); i != std::string_view::npos;
         i = characters.find('&', i + 1)) {
      const std::size_t end = characters.find(';', i);
      const std::string_view name =
          end == std::string_view::npos ? "" : characters.substr(i + 1, end - i - 1);
      if (!name.starts_with('#') && std::find(kKnown.begin(), kKnown.end(), name) == kKnown.end()) {
        return error("an entity that XML does not have");
      }
    }
    return {};
  }

  Result<void> characters() {
    const std::size_t end = std::min(text_.find('<', at_), text_.size());
    const std::string_view found = text_.substr(at_, end - at_);
    if (open_.empty() && !text::trim(found).empty()) {
      return error("text outside of the root");
    }
    TRY(check_references(found));
    at_ = end;
    return {};
  }

  Result<std::string_view> name() {
    const std::size_t end = std::min(text_.find_first_of(kNameEnd, at_), text_.size());
    if (end == at_) {
      return error("a name is missing");
    }
    const std::string_view found = text_.substr(at_, end - at_);
    at_ = end;
    return found;
  }

  Result<void> start_tag() {
    XmlElement element{.begin = at_};
    ++at_;
    TRY_ASSIGN(const std::string_view full_name, name());
    element.name = full_name.substr(full_name.find(':') + 1);
    element.name_end = at_;
    TRY(attributes(element));
    const bool empty = here("/>");
    at_ += empty ? 2 : 1;
    element.tag_end = at_;
    element.end = at_;
    if (open_.empty() && !scan_.elements.empty()) {
      return error("more than one root");
    }
    if (open_.size() >= kMaxDepth) {
      return error("elements are nested too deeply");
    }
    element.parent = open_.empty() ? 0 : open_.back().index;
    if (!empty) {
      open_.push_back({scan_.elements.size(), full_name});
    }
    scan_.elements.push_back(std::move(element));
    return {};
  }

  /// Up to the end of the tag.
  Result<void> attributes(XmlElement& element) {
    while (true) {
      const std::size_t before = at_;
      skip_space();
      if (here(">") || here("/>")) {
        return {};
      }
      if (before == at_) {
        return error("a tag that is not closed");
      }
      XmlAttribute attribute;
      TRY_ASSIGN(attribute.name, name());
      skip_space();
      if (!here("=")) {
        return error("an attribute without a value");
      }
      ++at_;
      skip_space();
      if (!here("\"") && !here("'")) {
        return error("a value without quotes");
      }
      const std::size_t end = text_.find(text_[at_], at_ + 1);
      if (end == std::string_view::npos) {
        return error("a value that does not end");
      }
      attribute.value = text_.substr(at_ + 1, end - at_ - 1);
      if (attribute.value.find('<') != std::string_view::npos) {
        return error("a tag in a value");
      }
      if (element.attribute(attribute.name)) {
        return error("an attribute that is there twice");
      }
      TRY(check_references(attribute.value));
      element.attributes.push_back(attribute);
      at_ = end + 1;
    }
  }

  Result<void> end_tag() {
    at_ += 2;
    TRY_ASSIGN(const std::string_view full_name, name());
    skip_space();
    if (open_.empty() || open_.back().name != full_name || !here(">")) {
      return error("an end tag that ends nothing");
    }
    ++at_;
    scan_.elements[open_.back().index].end = at_;
    open_.pop_back();
    return {};
  }

  struct Open {
    std::size_t index;
    std::string_view name;
  };

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Open> open_;
  XmlScan scan_;
};

}  // namespace

std::optional<std::string_view> XmlElement::attribute(std::string_view wanted) const {
  for (const XmlAttribute& one : attributes) {
    if (one.name == wanted) {
      return one.value;
    }
  }
  return std::nullopt;
}

Result<XmlScan> scan_xml(std::string_view text) {
  return Scanner(text).scan();
}

}  // namespace devenv::exporting
