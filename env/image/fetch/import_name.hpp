// SPDX-License-Identifier: MIT
// What an imported file is called when its user does not say.
#pragma once

#include <string>
#include <string_view>

namespace devenv::image::fetch {

/// "localhost/<stem>:latest" with the file's name in the form of a repository: "Fedora 39.tar.xz"
/// gives "localhost/fedora-39:latest".
std::string default_import_name(std::string_view path);

}  // namespace devenv::image::fetch
