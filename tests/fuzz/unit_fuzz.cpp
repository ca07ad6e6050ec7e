// SPDX-License-Identifier: MIT
// A unit of somebody's image: whatever bytes it has, the host's manager is told to run devenv and
// nothing else, and finds the words that we see.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "env/export/service_unit.hpp"
#include "env/export/unit_file.hpp"

namespace {

using namespace devenv::exporting;

/// libFuzzer reports an abort together with the input.
void must(bool condition) {
  if (!condition) {
    std::abort();
  }
}

void check_command(const std::string& value) {
  const auto words = split_words(value);
  must(!words.empty());
  const std::string& first = words.front();
  must(first.substr(std::min(first.find_first_not_of("-:"), first.size())) == "\"/opt/d/devenv\"");
  must(words.size() > 2 && words[1] == "run");
  for (const std::string& word : words) {
    const std::string& inner = &word == &first ? "" : word;
    const bool is_quoted = inner.size() > 1 && inner.front() == '"' && inner.back() == '"';
    must(word != ";");
    must(is_quoted || inner.find_first_of("\"'\\;") == std::string::npos);
  }
}

void check_unit(std::string_view text, std::string_view files, bool of_system) {
  ServiceInput input{.environment_name = "box",
                     .unit = "a@b.service",
                     .source = "/usr/lib/systemd/user/a@.service",
                     .program = "/opt/d/devenv",
                     .of_system = of_system,
                     .home = "/home/u"};
  input.read = [files](const std::string&) { return std::optional(std::string(files)); };
  input.is_directory = [](const std::string&) { return true; };
  input.host_name = [](const std::string&) { return std::nullopt; };
  for (const auto& unit : {rewrite_service(text, input), rewrite_timer(text, input)}) {
    if (!unit) {
      continue;
    }
    must(std::none_of(unit->text.begin(), unit->text.end(), [](char c) {
      return c != '\n' && static_cast<unsigned char>(c) < static_cast<unsigned char>(' ');
    }));
    for (const Assignment& each : parse_unit(unit->text)) {
      must(each.section == "Unit" || each.section == "Service" || each.section == "Timer" ||
           each.section == "Install");
      if (each.key.starts_with("Exec") && each.section == "Service") {
        check_command(each.value);
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  // What is behind the mark is the contents of every file that the unit names.
  constexpr std::string_view kMark = "\n----\n";
  const std::size_t mark = input.find(kMark);
  const std::string_view files =
      mark == std::string_view::npos ? "" : input.substr(mark + kMark.size());
  check_unit(input.substr(0, mark), files, false);
  check_unit(input.substr(0, mark), files, true);
  for (const std::string& word : split_words(input)) {
    const std::string content = unquote_word(word);
    if (content.find('\0') == std::string::npos) {
      must(unquote_word(quote_word(content, Dollars::plain)) == content);
      must(unquote_word(plain_word(content)) == content);
    }
  }
  return 0;
}
