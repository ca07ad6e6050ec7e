// SPDX-License-Identifier: MIT
#include "env/image/platform.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/manifest.hpp"
#include "env/sys/kernel.hpp"

namespace devenv::image {
namespace {

struct KnownMachine {
  std::string_view machine;
  std::string_view architecture;
  std::string_view variant;
};

constexpr std::array<KnownMachine, 19> kMachines = {{
    {"x86_64", "amd64", ""},      {"x86-64", "amd64", ""},
    {"i386", "386", ""},          {"i486", "386", ""},
    {"i586", "386", ""},          {"i686", "386", ""},
    {"aarch64", "arm64", "v8"},   {"arm64", "arm64", "v8"},
    {"armv8l", "arm", "v8"},      {"armv7l", "arm", "v7"},
    {"armhf", "arm", "v7"},       {"arm", "arm", "v7"},
    {"armv6l", "arm", "v6"},      {"armel", "arm", "v6"},
    {"armv5tel", "arm", "v5"},    {"loongarch64", "loong64", ""},
    {"mips64el", "mips64le", ""}, {"ppc64el", "ppc64le", ""},
    {"riscv", "riscv64", ""},
}};

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 32 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.-") ==
             std::string_view::npos;
}

/// Position of the entry's variant among the acceptable ones; nullopt when it does not run.
std::optional<std::size_t> rank(const Platform& offered,
                                const Platform& wanted,
                                const std::vector<std::string>& variants) {
  if (offered.os != wanted.os || offered.architecture != wanted.architecture) {
    return std::nullopt;
  }
  const auto found = std::find(variants.begin(), variants.end(), offered.variant);
  if (found == variants.end()) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - variants.begin());
}

Error no_match(const Index& index, const Platform& wanted) {
  std::vector<std::string> offered;
  for (const IndexEntry& entry : index.entries) {
    if (entry.is_image && entry.platform) {
      std::string name = text::sanitize(entry.platform->string());
      if (std::find(offered.begin(), offered.end(), name) == offered.end()) {
        offered.push_back(std::move(name));
      }
    }
  }
  if (offered.empty()) {
    return Error(ErrorCode::unsupported,
                 format("there is no image for {}: the index has no images", wanted.string()));
  }
  return Error(ErrorCode::unsupported, format("there is no image for {}, only for {}",
                                              wanted.string(), join(offered, ", ")));
}

}  // namespace

Platform platform_of_machine(std::string_view machine) {
  for (const KnownMachine& known : kMachines) {
    if (known.machine == machine) {
      return Platform{.architecture = std::string(known.architecture),
                      .variant = std::string(known.variant)};
    }
  }
  // ppc64le, s390x, riscv64... are the same in both languages.
  return Platform{.architecture = std::string(machine)};
}

Platform host_platform() {
  return platform_of_machine(sys::kernel_info().machine);
}

Result<Platform> Platform::parse(std::string_view text) {
  const std::string lower = text::to_lower(text);
  auto parts = text::split(lower, '/');
  const bool has_os = parts.size() > 1;
  if (parts.size() > 3 || !std::all_of(parts.begin(), parts.end(), is_word)) {
    return fail(Error(ErrorCode::usage, format("'{}' is not a platform", text::sanitize(text)))
                    .with_hint("write it like linux/amd64 or linux/arm64/v8"));
  }
  Platform platform = platform_of_machine(parts[has_os ? 1 : 0]);
  if (has_os) {
    platform.os = parts[0];
  }
  if (parts.size() == 3) {
    platform.variant = parts[2];
  }
  return platform;
}

std::string Platform::string() const {
  std::string name = os + "/" + (architecture.empty() ? "unknown" : architecture);
  return variant.empty() ? name : name + "/" + variant;
}

std::vector<std::string> acceptable_variants(const Platform& wanted) {
  // Newer instruction sets of one family contain the older ones.
  using Ladder = std::pair<std::string_view, std::vector<std::string>>;
  const std::array<Ladder, 3> ladders = {{
      {"amd64", {"v4", "v3", "v2", "v1"}},
      {"arm", {"v8", "v7", "v6", "v5"}},
      {"arm64", {"v9", "v8"}},
  }};
  std::vector<std::string> variants;
  for (const auto& [architecture, ladder] : ladders) {
    const auto start = std::find(ladder.begin(), ladder.end(), wanted.variant);
    if (architecture == wanted.architecture && start != ladder.end()) {
      variants.assign(start, ladder.end());
    }
  }
  if (variants.empty() && !wanted.variant.empty()) {
    variants.push_back(wanted.variant);
  }
  variants.emplace_back();
  // Without a variant the least one is meant, which some images spell out.
  if (wanted.variant.empty() && wanted.architecture == "amd64") {
    variants.emplace_back("v1");
  } else if (wanted.variant.empty() && wanted.architecture == "arm64") {
    variants.emplace_back("v8");
  }
  return variants;
}

bool runs_on(const Platform& offered, const Platform& wanted) {
  if (offered.architecture.empty()) {
    return offered.os == wanted.os;
  }
  return rank(offered, wanted, acceptable_variants(wanted)).has_value();
}

Result<IndexEntry> choose_entry(const Index& index, const Platform& wanted) {
  const std::vector<std::string> variants = acceptable_variants(wanted);
  const IndexEntry* best = nullptr;
  std::size_t best_rank = variants.size() + 1;
  for (const IndexEntry& entry : index.entries) {
    if (!entry.is_image) {
      continue;
    }
    // An entry that does not say what it is for comes after all that do.
    const auto entry_rank =
        entry.platform ? rank(*entry.platform, wanted, variants) : variants.size();
    if (entry_rank && *entry_rank < best_rank) {
      best = &entry;
      best_rank = *entry_rank;
    }
  }
  if (best == nullptr) {
    return fail(no_match(index, wanted));
  }
  return *best;
}

}  // namespace devenv::image
