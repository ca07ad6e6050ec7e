// SPDX-License-Identifier: MIT
#include "env/sandbox/id_map.hpp"

#include <algorithm>
#include <limits>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sandbox/id_map_text.hpp"

namespace devenv::sandbox {
namespace {

constexpr std::size_t kMaxExtents = 340;         // user_namespaces(7)
constexpr std::size_t kMaxMapBytes = 4096 - 1;   // a map is written at once and less than a page
constexpr std::uint64_t kIdLimit = 0xFFFFFFFFU;  // -1 is no id

using Ranges = std::vector<SubordinateRange>;

std::uint64_t end_of(const SubordinateRange& range) {
  return std::uint64_t{range.start} + range.count;
}

/// `ranges` without the ids from `begin` to `end`.
Ranges without(const Ranges& ranges, std::uint64_t begin, std::uint64_t end) {
  Ranges left;
  const auto add = [&left](std::uint64_t from, std::uint64_t to) {
    if (from < to) {
      left.push_back({static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to - from)});
    }
  };
  for (const SubordinateRange& range : ranges) {
    add(range.start, std::min(end_of(range), begin));
    add(std::max<std::uint64_t>(range.start, end), end_of(range));
  }
  return left;
}

/// What may be mapped: in order, no id twice, not `own`, at most kWantedIds. The kernel refuses a
/// map in which ids overlap, and a line for the name and one for the number of a user often do.
Ranges usable_ranges(std::uint32_t own, const Ranges& ranges) {
  Ranges usable;
  std::uint64_t left = kWantedIds;
  for (const SubordinateRange& range : ranges) {
    Ranges parts = without({range}, own, std::uint64_t{own} + 1);
    parts = without(parts, kIdLimit, std::numeric_limits<std::uint64_t>::max());
    for (const SubordinateRange& used : usable) {
      parts = without(parts, used.start, end_of(used));
    }
    for (SubordinateRange part : parts) {
      part.count = static_cast<std::uint32_t>(std::min<std::uint64_t>(part.count, left));
      left -= part.count;
      if (part.count > 0) {
        usable.push_back(part);
      }
    }
  }
  return usable;
}

void append(std::vector<IdExtent>& extents, const IdExtent& next) {
  if (!extents.empty()) {
    IdExtent& last = extents.back();
    if (last.inside + last.count == next.inside && last.outside + last.count == next.outside) {
      last.count += next.count;
      return;
    }
  }
  extents.push_back(next);
}

std::vector<IdExtent> extents_from(std::uint32_t own, const Ranges& ranges) {
  std::vector<IdExtent> extents;
  std::uint32_t inside = 0;
  bool has_own = false;
  const auto add_own = [&] {
    append(extents, {own, own, 1});
    has_own = true;
    ++inside;
  };
  for (SubordinateRange range : ranges) {
    while (range.count > 0) {
      if (inside == own && !has_own) {
        add_own();
      }
      const std::uint32_t count = has_own ? range.count : std::min(range.count, own - inside);
      append(extents, {inside, range.start, count});
      inside += count;
      range.start += count;
      range.count -= count;
    }
  }
  if (!has_own) {
    append(extents, {own, own, 1});
  }
  return extents;
}

std::string joined(const std::vector<IdExtent>& extents) {
  std::vector<std::string> parts;
  for (const IdExtent& extent : extents) {
    parts.push_back(format("{}:{}:{}", extent.inside, extent.outside, extent.count));
  }
  return join(parts, " ");
}

}  // namespace

std::string IdMap::to_string() const {
  return format("uid {}; gid {}", joined(uids), joined(gids));
}

std::string map_file_text(const std::vector<IdExtent>& extents) {
  std::string text;
  for (const IdExtent& extent : extents) {
    text += format("{} {} {}\n", extent.inside, extent.outside, extent.count);
  }
  return text;
}

std::vector<IdExtent> keep_id_extents(std::uint32_t own,
                                      const std::vector<SubordinateRange>& ranges) {
  Ranges usable = usable_ranges(own, ranges);
  while (true) {
    std::vector<IdExtent> extents = extents_from(own, usable);
    if (usable.empty() ||
        (extents.size() <= kMaxExtents && map_file_text(extents).size() <= kMaxMapBytes)) {
      return extents;
    }
    usable.pop_back();
  }
}

std::vector<SubordinateRange> parse_subordinate_ranges(std::string_view text,
                                                       std::string_view user_name,
                                                       std::uint32_t uid) {
  const std::string number = format("{}", uid);
  Ranges ranges;
  for (const std::string_view line : text::lines(text)) {
    const auto fields = text::split(text::trim(line), ':');
    if (fields.size() != 3 || fields[0].empty() ||
        (fields[0] != user_name && fields[0] != number)) {
      continue;
    }
    const auto start = text::parse_number(fields[1]);
    const auto count = text::parse_number(fields[2]);
    if (!start || !count || *count == 0 || *start >= kIdLimit || *count > kIdLimit - *start) {
      continue;
    }
    ranges.push_back({static_cast<std::uint32_t>(*start), static_cast<std::uint32_t>(*count)});
  }
  return ranges;
}

std::vector<SubordinateRange> parse_own_ids(std::string_view map_text) {
  Ranges ranges;
  for (const std::string_view line : text::lines(map_text)) {
    std::vector<std::uint64_t> numbers;
    for (const std::string_view field : text::split(line, ' ')) {
      if (const auto number = text::parse_number(field)) {
        numbers.push_back(*number);
      }
    }
    if (numbers.size() == 3 && numbers[0] < kIdLimit && numbers[2] > 0) {
      ranges.push_back({static_cast<std::uint32_t>(numbers[0]),
                        static_cast<std::uint32_t>(std::min(numbers[2], kIdLimit - numbers[0]))});
    }
  }
  return ranges;
}

std::vector<SubordinateRange> clip(const std::vector<SubordinateRange>& ranges,
                                   const std::vector<SubordinateRange>& existing) {
  Ranges clipped;
  for (const SubordinateRange& range : ranges) {
    for (const SubordinateRange& window : existing) {
      const std::uint64_t begin = std::max(range.start, window.start);
      const std::uint64_t end = std::min(end_of(range), end_of(window));
      if (begin < end) {
        clipped.push_back(
            {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)});
      }
    }
  }
  return clipped;
}

std::vector<IdExtent> identity_extents(const std::vector<SubordinateRange>& existing) {
  std::vector<IdExtent> extents;
  for (const SubordinateRange& range : clip({{0, kWantedIds}}, existing)) {
    append(extents, {range.start, range.start, range.count});
  }
  return extents;
}

SubordinateRange free_range(std::string_view subordinate_files) {
  constexpr std::uint64_t kFirst = 100000;  // SUB_UID_MIN of login.defs(5)
  Ranges taken;
  for (const std::string_view line : text::lines(subordinate_files)) {
    const auto fields = text::split(text::trim(line), ':');
    const auto start = fields.size() == 3 ? text::parse_number(fields[1]) : std::nullopt;
    const auto count = fields.size() == 3 ? text::parse_number(fields[2]) : std::nullopt;
    if (start && count && *start < kIdLimit && *count <= kIdLimit - *start) {
      taken.push_back({static_cast<std::uint32_t>(*start), static_cast<std::uint32_t>(*count)});
    }
  }
  std::sort(taken.begin(), taken.end(),
            [](const auto& a, const auto& b) { return a.start < b.start; });
  std::uint64_t candidate = kFirst;
  for (const SubordinateRange& range : taken) {
    if (end_of(range) > candidate && range.start < candidate + kWantedIds) {
      candidate = end_of(range);
    }
  }
  return {static_cast<std::uint32_t>(candidate), kWantedIds};
}

bool names_subid_provider(std::string_view nsswitch) {
  for (const std::string_view line : text::lines(nsswitch)) {
    const std::string_view setting = text::trim(line.substr(0, line.find('#')));
    constexpr std::string_view kKey = "subid:";
    if (setting.starts_with(kKey)) {
      const std::string_view provider = text::trim(setting.substr(kKey.size()));
      return !provider.empty() && provider != "files";
    }
  }
  return false;
}

}  // namespace devenv::sandbox
