// SPDX-License-Identifier: MIT
#include "env/session/host_files.hpp"

#include <fcntl.h>

#include "env/base/text.hpp"
#include "env/session/host_paths.hpp"
#include "env/session/inside.hpp"
#include "env/session/plan.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"

namespace devenv::session {
namespace {

/// "/home/a b" of "file:///home/a%20b" and of "/home/a b"; "" for anything else.
/// Source: RFC 8089, appendix B.
std::string local_path(std::string_view argument) {
  if (argument.starts_with('/')) {
    return std::string(argument);
  }
  for (const std::string_view scheme : {"file://localhost/", "file:///", "file:/"}) {
    if (argument.starts_with(scheme)) {
      return text::percent_decode(argument.substr(scheme.size() - 1));
    }
  }
  return "";
}

bool is_at(const std::string& path, const struct stat& identity) {
  const auto there = sys::stat_path(path);
  return there && *there && (*there)->st_dev == identity.st_dev &&
         (*there)->st_ino == identity.st_ino;
}

}  // namespace

HostFiles::HostFiles(std::vector<std::string>& command) {
  std::vector<std::string> kept;
  bool between = false;
  for (std::string& argument : command) {
    if (argument == kHostFilesMark) {
      between = !between;
      continue;
    }
    // "--file=/x": the file is what stands behind the sign.
    const std::size_t sign = argument.starts_with('/') ? std::string::npos : argument.find('=');
    const std::size_t begin = sign == std::string::npos ? 0 : sign + 1;
    std::string path = between ? local_path(std::string_view(argument).substr(begin)) : "";
    const auto info =
        path.empty() ? Result<std::optional<struct stat>>(std::nullopt) : sys::stat_path(path);
    if (info && *info) {
      files_.push_back(
          {.argument = kept.size(), .begin = begin, .path = std::move(path), .identity = **info});
    }
    kept.push_back(std::move(argument));
  }
  command = std::move(kept);
}

void HostFiles::name_inside(std::vector<std::string>& command) const {
  for (const File& file : files_) {
    if (is_at(file.path, file.identity) || !is_at(kHostRootInside + file.path, file.identity)) {
      continue;
    }
    std::string& argument = command[file.argument];
    if (argument[file.begin] == '/') {
      argument.insert(file.begin, kHostRootInside);
      continue;
    }
    // The path of the URI stays escaped as it is.
    const std::size_t scheme = file.begin + std::string_view("file:").size();
    const bool has_authority = argument.compare(scheme, 2, "//") == 0;
    const std::size_t path = has_authority ? argument.find('/', scheme + 2) : scheme;
    argument.replace(file.begin, path - file.begin, std::string("file://") + kHostRootInside);
  }
}

}  // namespace devenv::session
