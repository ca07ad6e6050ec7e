// SPDX-License-Identifier: MIT
#include "env/session/image_libc.hpp"

#include "env/base/format.hpp"
#include "env/sys/file.hpp"

namespace devenv::session {
namespace {

/// Where loaders are, as their programs name them or as a merged /usr has them. Links are not
/// followed: absolute ones would lead to the host's.
bool has_loader(const std::vector<std::string>& trees, std::string_view name) {
  for (const std::string& tree : trees) {
    for (const char* directory :
         {"lib64", "lib", "usr/lib64", "usr/lib", "usr/lib/x86_64-linux-gnu"}) {
      const auto info = sys::stat_at(AT_FDCWD, format("{}/{}/{}", tree, directory, name));
      if (info && *info) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

std::string why_not_glibc(const std::vector<std::string>& trees) {
#if defined(__x86_64__)
  constexpr std::string_view kGlibc = "ld-linux-x86-64.so.2";
  constexpr std::string_view kMusl = "ld-musl-x86_64.so.1";
#elif defined(__aarch64__)
  constexpr std::string_view kGlibc = "ld-linux-aarch64.so.1";
  constexpr std::string_view kMusl = "ld-musl-aarch64.so.1";
#else
  constexpr std::string_view kGlibc;
  constexpr std::string_view kMusl;
#endif
  return !kMusl.empty() && has_loader(trees, kMusl) && !has_loader(trees, kGlibc)
             ? "the image has musl, and NVIDIA's libraries need glibc"
             : "";
}

}  // namespace devenv::session
