// SPDX-License-Identifier: MIT
// A CDI file in YAML: any bytes give edits whose paths are absolute and stay where they are, or an
// error that is safe to print.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "env/base/text.hpp"
#include "env/base/yaml.hpp"
#include "env/host/cdi.hpp"

namespace {

/// libFuzzer reports an abort together with the input.
void must(bool condition) {
  if (!condition) {
    std::abort();
  }
}

void must_be_path(const std::string& path) {
  const auto parts = devenv::text::split(path, '/');
  must(path.starts_with('/') && path.find('\0') == std::string::npos);
  must(std::find(parts.begin(), parts.end(), "..") == parts.end());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = devenv::yaml::parse(text);
  const auto edits = document
                         ? devenv::host::read_cdi(*document)
                         : devenv::Result<devenv::host::CdiEdits>(devenv::fail(document.error()));
  if (!edits) {
    const std::string line = edits.error().to_line();
    must(!line.empty() && devenv::text::sanitize(line) == line);
    return 0;
  }
  for (const auto& mount : edits->mounts) {
    must_be_path(mount.host_path);
    must_be_path(mount.container_path);
  }
  for (const auto& link : edits->links) {
    must_be_path(link.target);
    must_be_path(link.path);
  }
  for (const std::string& directory : edits->ldcache_folders) {
    must_be_path(directory);
  }
  for (const std::string& variable : edits->variables) {
    must(variable.find('=') != std::string::npos && variable.find('\0') == std::string::npos);
  }
  return 0;
}
