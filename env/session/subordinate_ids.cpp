// SPDX-License-Identifier: MIT
#include "env/session/subordinate_ids.hpp"

#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/session/account_file.hpp"

namespace devenv::session {
namespace {

/// Ids from `first` to before `end`.
struct Ids {
  std::uint64_t first;
  std::uint64_t end;
};

/// The ids inside without 0 and `own`, adjacent ones together.
std::vector<Ids> ids_to_give(std::uint32_t own, std::vector<sandbox::IdExtent> map) {
  std::sort(map.begin(), map.end(),
            [](const auto& left, const auto& right) { return left.inside < right.inside; });
  std::vector<Ids> found;
  const auto add = [&](std::uint64_t first, std::uint64_t end) {
    if (first >= end) {
      return;
    }
    if (!found.empty() && found.back().end == first) {
      found.back().end = end;
    } else {
      found.push_back(Ids{first, end});
    }
  };
  for (const sandbox::IdExtent& extent : map) {
    const std::uint64_t first = std::max<std::uint64_t>(extent.inside, 1);
    const std::uint64_t end = std::uint64_t{extent.inside} + extent.count;
    add(first, std::min<std::uint64_t>(end, own));
    add(std::max<std::uint64_t>(first, std::uint64_t{own} + 1), end);
  }
  return found;
}

/// In both files users are named, or given by their uid.
bool is_of_user(std::string_view line, const sys::User& user) {
  const std::string_view who = line.substr(0, line.find(':'));
  return line.find(':') != std::string_view::npos &&
         (who == user.name || who == std::to_string(user.uid.get()));
}

bool is_within(std::string_view line, const std::vector<Ids>& ids) {
  const auto fields = text::split(line, ':');
  const auto start = fields.size() == 3 ? text::parse_number(fields[1]) : std::nullopt;
  const auto count = fields.size() == 3 ? text::parse_number(fields[2]) : std::nullopt;
  return start && count && std::any_of(ids.begin(), ids.end(), [&](const Ids& range) {
           return *start >= range.first && *start < range.end && *count <= range.end - *start;
         });
}

}  // namespace

std::string edit_subordinate_ids(std::string_view contents,
                                 const sys::User& user,
                                 std::uint32_t own,
                                 const std::vector<sandbox::IdExtent>& map) {
  const std::vector<Ids> ids = ids_to_give(own, map);
  AccountLines file(contents);
  std::erase_if(file.all(), [&](const std::string& line) {
    return is_of_user(line, user) && !is_within(line, ids);
  });
  const bool has_some =
      std::any_of(file.all().begin(), file.all().end(),
                  [&](const std::string& line) { return is_of_user(line, user); });
  for (const Ids& range : has_some ? std::vector<Ids>() : ids) {
    file.append(format("{}:{}:{}", user.name, range.first, range.end - range.first));
  }
  return file.to_string();
}

}  // namespace devenv::session
