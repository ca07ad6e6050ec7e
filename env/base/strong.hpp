// SPDX-License-Identifier: MIT
// Types that keep the two sides of an environment apart: an id or a path of the host is never
// taken for one inside.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <utility>

namespace devenv {

/// A value of type T that only mixes with values of the same Tag.
template <typename T, typename Tag>
class Strong {
 public:
  Strong() = default;
  explicit Strong(T value) : value_(std::move(value)) {}
  const T& get() const { return value_; }
  auto operator<=>(const Strong&) const = default;

 private:
  T value_{};
};

using HostUid = Strong<std::uint32_t, struct HostUidTag>;
using HostGid = Strong<std::uint32_t, struct HostGidTag>;
using EnvUid = Strong<std::uint32_t, struct EnvUidTag>;
using EnvGid = Strong<std::uint32_t, struct EnvGidTag>;

/// An absolute path as the host sees it.
using HostPath = Strong<std::string, struct HostPathTag>;
/// An absolute path as processes inside the environment see it.
using EnvPath = Strong<std::string, struct EnvPathTag>;

}  // namespace devenv
