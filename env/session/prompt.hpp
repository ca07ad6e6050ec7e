// SPDX-License-Identifier: MIT
// The mark in the prompt: scripts that login shells read.
#pragma once

#include <string_view>

namespace devenv::session {

/// For sh, bash and zsh; reached by a link in /etc/profile.d.
constexpr const char* kProfileInside = "/run/devenv/profile.sh";
std::string_view profile_script();

/// For fish, which looks below XDG_DATA_DIRS by itself.
constexpr const char* kFishProfileInside = "/run/devenv/share/fish/vendor_conf.d/devenv.fish";
std::string_view fish_profile_script();

}  // namespace devenv::session
