// SPDX-License-Identifier: MIT
#include <algorithm>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/doctor/facts.hpp"
#include "env/sandbox/id_map.hpp"

namespace devenv::doctor {
namespace {

Verdict judge_helper(const HelperFacts& helper) {
  if (helper.on_nosuid) {
    return {.status = Status::fail,
            .detail = format("{} is on a file system that is mounted nosuid", helper.path),
            .hint = format("mount it without nosuid; see: findmnt --target {}",
                           text::shell_quote(helper.path))};
  }
  if (!helper.setuid_root && !helper.has_capability) {
    return {.status = Status::fail,
            .detail =
                format("{} has neither the setuid bit of root nor a file capability", helper.path),
            .hint = format("sudo chown root {0} && sudo chmod u+s {0}",
                           text::shell_quote(helper.path))};
  }
  return {};
}

}  // namespace

Verdict judge_id_helpers(const std::vector<HelperFacts>& helpers,
                         bool as_root,
                         const Distribution& distribution) {
  std::vector<std::string> missing;
  std::vector<std::string> found;
  for (const HelperFacts& helper : helpers) {
    if (helper.path.empty()) {
      missing.push_back(helper.name);
    } else {
      found.push_back(helper.path);
    }
  }
  if (as_root) {
    return {.detail = "not needed: root writes id maps itself"};
  }
  if (!missing.empty()) {
    return {.status = Status::fail,
            .detail = format("not found: {}", join(missing, ", ")),
            .hint = install_hint(distribution, Package::id_helpers)};
  }
  for (const HelperFacts& helper : helpers) {
    if (Verdict verdict = judge_helper(helper); verdict.status != Status::pass) {
      return verdict;
    }
  }
  return {.detail = join(found, ", ")};
}

Verdict judge_id_ranges(const IdRangeFacts& facts) {
  if (!facts.map.works()) {
    return {.status = Status::fail, .detail = facts.map.reason, .hint = facts.map.hint};
  }
  if (facts.direct) {
    return {.detail = "not needed: root uses the ids of the host"};
  }
  const std::uint64_t smaller = std::min(facts.user_ids, facts.group_ids);
  const std::string counts = format("{} user ids, {} group ids", facts.user_ids, facts.group_ids);
  if (smaller < sandbox::kWantedIds) {
    return {.status = Status::warn,
            .detail = format("{}: images with ids from {} on cannot be unpacked", counts, smaller),
            .hint = format("sudo usermod --add-subuids {0} --add-subgids {0} {1}", facts.free_range,
                           text::shell_quote(facts.user))};
  }
  return {.detail = counts};
}

Verdict judge_id_map(const Attempt& attempt) {
  switch (attempt.outcome) {
    case Attempt::Outcome::works:
      return {.detail = "root of a namespace with all ids works"};
    case Attempt::Outcome::fails:
      return {
          .status = Status::fail,
          .detail = attempt.reason,
          .hint = attempt.hint.empty() ? "put right what the findings above name" : attempt.hint};
    case Attempt::Outcome::not_tried:
      break;
  }
  return {.status = Status::fail,
          .detail = format("not tried: {}", attempt.reason),
          .hint = "put right what the findings above name"};
}

}  // namespace devenv::doctor
