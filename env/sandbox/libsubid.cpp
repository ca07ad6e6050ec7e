// SPDX-License-Identifier: MIT
#include "env/sandbox/libsubid.hpp"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace devenv::sandbox {
namespace {

// The library's header is rarely installed; this is its interface. Source: shadow,
// libsubid/subid.h.
struct subid_range {
  unsigned long start;
  unsigned long count;
};
using GetRanges = int (*)(const char* owner, subid_range** ranges);
using Initialise = bool (*)(const char* program, std::FILE* log);

struct Unload {
  void operator()(void* library) const { ::dlclose(library); }
};
using Library = std::unique_ptr<void, Unload>;

Library load() {
  // 5: shadow 4.16. 4: shadow 4.10. 3 and 2: shadow 4.9, with the functions' older names.
  for (const char* name : {"libsubid.so.5", "libsubid.so.4", "libsubid.so.3", "libsubid.so.2"}) {
    if (void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
      return Library(library);
    }
  }
  return nullptr;
}

template <typename Function>
Function find(const Library& library, const char* name) {
  return reinterpret_cast<Function>(::dlsym(library.get(), name));
}

}  // namespace

std::optional<std::vector<SubordinateRange>> ranges_from_libsubid(const std::string& owner,
                                                                  IdKind kind) {
  const Library library = load();
  if (library == nullptr) {
    return std::nullopt;
  }
  if (const auto initialise = find<Initialise>(library, "subid_init")) {
    initialise("devenv", nullptr);  // no log: it would go to stderr
  }
  const bool users = kind == IdKind::user;
  auto get_ranges =
      find<GetRanges>(library, users ? "subid_get_uid_ranges" : "subid_get_gid_ranges");
  if (get_ranges == nullptr) {
    get_ranges = find<GetRanges>(library, users ? "get_subuid_ranges" : "get_subgid_ranges");
  }
  if (get_ranges == nullptr) {
    return std::nullopt;
  }
  subid_range* found = nullptr;
  const int count = get_ranges(owner.c_str(), &found);
  const std::unique_ptr<subid_range, decltype(&::free)> owned(found, &::free);
  if (count < 0) {
    return std::nullopt;
  }
  constexpr unsigned long kIdLimit = 0xFFFFFFFFU;
  std::vector<SubordinateRange> ranges;
  for (int i = 0; i < count; ++i) {
    const subid_range& range = found[i];
    if (range.count > 0 && range.start < kIdLimit && range.count <= kIdLimit - range.start) {
      ranges.push_back(
          {static_cast<std::uint32_t>(range.start), static_cast<std::uint32_t>(range.count)});
    }
  }
  return ranges;
}

}  // namespace devenv::sandbox
