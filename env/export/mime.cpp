// SPDX-License-Identifier: MIT
#include "env/export/mime.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/export/xml_scan.hpp"
#include "env/sys/file.hpp"
#include "env/sys/tree.hpp"

namespace devenv::exporting {
namespace {

/// freedesktop.org.xml, the largest there is, has 2.5 MiB.
constexpr std::size_t kMaxPackage = 16U * 1024 * 1024;
constexpr std::uint64_t kMaxWeight = 5;

using TypeTest = std::function<bool(const std::string&)>;

/// A part of the text and what takes its place.
struct Edit {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text;
};

std::string apply(std::string_view text, std::size_t begin, std::vector<Edit> edits) {
  // At one place the larger comes first: it takes the other with it.
  std::sort(edits.begin(), edits.end(), [](const Edit& one, const Edit& other) {
    return one.begin != other.begin ? one.begin < other.begin : one.end > other.end;
  });
  std::string result;
  std::size_t done = begin;
  for (const Edit& edit : edits) {
    if (edit.begin < done) {
      continue;  // inside of what was removed
    }
    result += text.substr(done, edit.begin - done);
    result += edit.text;
    done = edit.end;
  }
  result += text.substr(done);
  return result;
}

/// The type that an element is about; "" when it names none plainly. Types are compared without
/// case (RFC 2045, 5.1).
std::string type_of(const XmlElement& element) {
  const std::string_view type = element.attribute("type").value_or("");
  return type.find('&') == std::string_view::npos ? text::to_lower(text::trim(type)) : "";
}

/// One mime-type of a package.
struct TypeElement {
  std::size_t index = 0;  ///< of the element
  std::string type;
  std::vector<std::string> aliases;
  std::vector<std::string> parents;  ///< sub-class-of
  bool kept = false;
};

std::vector<TypeElement> types_in(const XmlScan& scan) {
  std::vector<TypeElement> types;
  for (std::size_t i = 1; i < scan.elements.size(); ++i) {
    const XmlElement& element = scan.elements[i];
    if (element.parent == 0 && element.name == "mime-type") {
      types.push_back({.index = i, .type = type_of(element)});
    } else if (!types.empty() && element.parent == types.back().index) {
      if (element.name == "alias") {
        types.back().aliases.push_back(type_of(element));
      } else if (element.name == "sub-class-of") {
        types.back().parents.push_back(type_of(element));
      }
    }
  }
  return types;
}

/// What is wanted, and what that is a kind of.
bool mark_kept(std::vector<TypeElement>& types,
               const std::set<std::string>& wanted,
               const TypeTest& is_known) {
  std::set<std::string> open;
  for (const std::string& type : wanted) {
    open.insert(text::to_lower(type));
  }
  bool any = false;
  for (bool more = true; more;) {
    more = false;
    for (TypeElement& one : types) {
      const bool named =
          open.contains(one.type) ||
          std::any_of(one.aliases.begin(), one.aliases.end(),
                      [&](const std::string& a) { return open.contains(a) && !is_known(a); });
      if (one.kept || !named || one.type.find('/') == std::string::npos || is_known(one.type)) {
        continue;
      }
      one.kept = true;
      any = true;
      more = true;
      open.insert(one.parents.begin(), one.parents.end());
    }
  }
  return any;
}

void lower_weight(std::string_view text, const XmlElement& glob, std::vector<Edit>& edits) {
  const auto weight = glob.attribute("weight");
  if (!weight) {
    edits.push_back({glob.name_end, glob.name_end, format(" weight=\"{}\"", kMaxWeight)});
    return;
  }
  const auto number = text::parse_number(*weight);
  if (!number || *number > kMaxWeight) {
    const auto begin = static_cast<std::size_t>(weight->data() - text.data());
    edits.push_back({begin, begin + weight->size(), format("{}", kMaxWeight)});
  }
}

/// Where the white space before `position` begins.
std::size_t without_space_before(std::string_view text, std::size_t position) {
  return text.find_last_not_of(" \t\r\n", position - 1) + 1;
}

std::vector<Edit> edits_of(std::string_view text,
                           const XmlScan& scan,
                           const std::vector<TypeElement>& types,
                           const TypeTest& is_known) {
  std::vector<Edit> edits;
  // Between the types that are kept: others, and comments about them.
  const XmlElement& root = scan.elements.front();
  std::size_t done = root.tag_end;
  for (const TypeElement& one : types) {
    if (one.kept) {
      const XmlElement& element = scan.elements[one.index];
      edits.push_back({done, without_space_before(text, element.begin), ""});
      done = element.end;
    }
  }
  edits.push_back({done, without_space_before(text, text.rfind("</", root.end)), ""});

  for (std::size_t i = 1; i < scan.elements.size(); ++i) {
    const XmlElement& element = scan.elements[i];
    const std::string type = element.name == "alias" ? type_of(element) : "";
    if (element.name == "magic" || element.name == "treemagic" ||
        (element.name == "alias" && (type.empty() || is_known(type)))) {
      edits.push_back({without_space_before(text, element.begin), element.end, ""});
    } else if (element.name == "glob") {
      lower_weight(text, element, edits);
    }
  }
  return edits;
}

Result<XmlScan> scan_package(std::string_view package) {
  TRY_ASSIGN(XmlScan scan, scan_xml(package));
  if (scan.elements.front().name != "mime-info") {
    return fail(ErrorCode::integrity, "this is no package of types");
  }
  return scan;
}

/// With aliases.
Result<std::set<std::string>> defined_types(std::string_view package) {
  TRY_ASSIGN(const XmlScan scan, scan_package(package));
  std::set<std::string> types;
  for (const TypeElement& one : types_in(scan)) {
    types.insert(one.type);
    types.insert(one.aliases.begin(), one.aliases.end());
  }
  return types;
}

void add_types_file(const std::string& path, std::set<std::string>& types) {
  const std::string contents = sys::read_file(path, kMaxPackage).value_or("");
  for (const std::string_view line : text::lines(contents)) {
    types.insert(text::to_lower(text::trim(line.substr(0, line.find(' ')))));
  }
}

/// Types and aliases of the packages of a directory, by whether the packages are ours.
std::set<std::string> types_only_of_ours(const std::string& directory,
                                         const std::set<std::string>& ours) {
  std::set<std::string> from_ours;
  std::set<std::string> from_others;
  const std::string packages = directory + "/packages";
  const auto add = [&packages](const std::string& name, std::set<std::string>& types) {
    const auto text = sys::read_regular_file(packages + "/" + name, kMaxPackage);
    if (const auto defined = text ? defined_types(*text) : fail(text.error())) {
      types.insert(defined->begin(), defined->end());
    }
  };
  const auto names = sys::list_directory(packages).value_or(std::vector<std::string>{});
  for (const std::string& name : names) {
    if (ours.contains(packages + "/" + name)) {
      add(name, from_ours);
    }
  }
  // The others need to be read only then.
  for (const std::string& name : from_ours.empty() ? std::vector<std::string>{} : names) {
    if (name.ends_with(".xml") && !ours.contains(packages + "/" + name)) {
      add(name, from_others);
    }
  }
  std::erase_if(from_ours,
                [&from_others](const std::string& type) { return from_others.contains(type); });
  return from_ours;
}

}  // namespace

Result<std::string> safe_mime_package(std::string_view package,
                                      const std::set<std::string>& wanted,
                                      const TypeTest& is_known) {
  TRY_ASSIGN(const XmlScan scan, scan_package(package));
  std::vector<TypeElement> types = types_in(scan);
  if (!mark_kept(types, wanted, is_known)) {
    return std::string();
  }
  // From the root on: what stands before it, a document type perhaps, is of no use.
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" +
         apply(package, scan.elements.front().begin, edits_of(package, scan, types, is_known));
}

HostTypes HostTypes::read(const std::vector<std::string>& mime_directories,
                          const std::set<std::string>& ours) {
  HostTypes host;
  for (const std::string& directory : mime_directories) {
    std::set<std::string> types;
    add_types_file(directory + "/types", types);
    add_types_file(directory + "/aliases", types);
    const std::set<std::string> not_known = types_only_of_ours(directory, ours);
    for (const std::string& type : types) {
      if (!not_known.contains(type)) {
        host.types_.insert(type);
      }
    }
  }
  return host;
}

bool HostTypes::contains(const std::string& type) const {
  return types_.contains(text::to_lower(type));
}

void MimePackages::read() {
  packages_.emplace();
  std::set<std::string> seen;
  for (const std::string& data : data_directories_) {
    const std::string directory = data + "/mime/packages/";
    const auto names = sys::list_directory_in_root(root_, directory);
    for (const std::string& name : names ? *names : std::vector<std::string>{}) {
      if (!name.ends_with(".xml") || !seen.insert(name).second) {
        continue;
      }
      auto contents = sys::read_file_in_root(root_, directory + name, kMaxPackage);
      if (!contents || !*contents) {
        continue;
      }
      if (auto types = defined_types(**contents)) {
        packages_->push_back({directory + name, **std::move(contents), *std::move(types)});
      }
    }
  }
}

std::vector<MimePackage> MimePackages::find(const std::vector<std::string>& wanted,
                                            const HostTypes& host) {
  std::set<std::string> missing;
  for (const std::string& type : wanted) {
    if (!host.contains(type)) {
      missing.insert(text::to_lower(type));
    }
  }
  std::vector<MimePackage> found;
  if (missing.empty()) {
    return found;
  }
  if (!packages_) {
    read();
  }
  for (const Package& package : *packages_) {
    if (std::none_of(missing.begin(), missing.end(), [&package](const std::string& type) {
          return package.types.contains(type);
        })) {
      continue;
    }
    auto safe = safe_mime_package(package.contents, missing,
                                  [&host](const std::string& type) { return host.contains(type); });
    if (safe && !safe->empty()) {
      found.push_back({package.path, *std::move(safe)});
    }
  }
  return found;
}

}  // namespace devenv::exporting
