// SPDX-License-Identifier: MIT
#include "env/host/editors.hpp"

#include <algorithm>
#include <array>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"

namespace devenv::host {
namespace {

// clang-format off
constexpr std::array kEditorServers = {
    EditorServer{"VS Code", ".vscode", ".vscode-server"},
    EditorServer{"VS Code Insiders", ".vscode-insiders", ".vscode-server-insiders"},
    EditorServer{"VSCodium", ".vscode-oss .config/VSCodium", ".vscodium-server"},
    EditorServer{"Cursor", ".cursor", ".cursor-server"},
    EditorServer{"Windsurf", ".windsurf", ".windsurf-server"},
    EditorServer{"Zed", ".config/zed", ".zed_server"},
    EditorServer{"JetBrains Gateway", ".config/JetBrains", ".cache/JetBrains/RemoteDev"},
};
// clang-format on

/// Only the user's: caches and programs of theirs are nobody else's business.
constexpr mode_t kUserOnly = 0700;

bool is_wanted(const EditorServer& server, const std::string& home) {
  const auto markers = text::split(server.markers, ' ');
  return sys::exists(format("{}/{}", home, server.directory)) ||
         std::any_of(markers.begin(), markers.end(), [&](std::string_view marker) {
           return sys::exists(format("{}/{}", home, marker));
         });
}

/// Whether everything of `path` that is there is a plain directory.
bool is_plain(const std::string& home, std::string_view path) {
  std::string place = home;
  for (const std::string_view part : text::split(path, '/')) {
    place.append("/").append(part);
    const auto info = sys::stat_at(AT_FDCWD, place);
    if (info && !*info) {
      return true;
    }
    if (!info || !S_ISDIR((*info)->st_mode)) {
      LOG_INFO("shared with all environments: '{}' is no plain directory", place);
      return false;
    }
  }
  return true;
}

}  // namespace

std::span<const EditorServer> all_editor_servers() {
  return kEditorServers;
}

std::vector<std::string> find_editor_directories(const std::string& home) {
  std::vector<std::string> found;
  for (const EditorServer& server : kEditorServers) {
    if (is_wanted(server, home) && is_plain(home, server.directory)) {
      found.emplace_back(server.directory);
    }
  }
  return found;
}

void make_editor_directories(const std::vector<std::string>& directories,
                             const std::string& home,
                             const std::string& place) {
  for (const std::string& directory : directories) {
    for (const std::string& parent : {home, place}) {
      const auto made = sys::make_directories(format("{}/{}", parent, directory), kUserOnly);
      if (!made) {
        LOG_INFO("{}", made.error().to_line());
      }
    }
  }
}

}  // namespace devenv::host
