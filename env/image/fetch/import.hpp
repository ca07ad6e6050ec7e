// SPDX-License-Identifier: MIT
// What is done with an archive that is open: shared by files, downloads and other engines.
#pragma once

#include <string>

#include "env/base/result.hpp"
#include "env/image/fetch/fetch.hpp"
#include "env/image/fetch/image_archive.hpp"
#include "env/image/fetch/open_archive.hpp"

namespace devenv::image::fetch {

/// Finds out by content what it is, and puts it into the store. Errors: as import_archive.
Result<ImageRecord> import_opened(const Context& context,
                                  const OpenArchive& file,
                                  const std::string& reference,
                                  const ImageArchive::Wanted& wanted);

}  // namespace devenv::image::fetch
