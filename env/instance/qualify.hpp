// SPDX-License-Identifier: MIT
// What an image's short name means on this machine.
#pragma once

#include "env/base/reporter.hpp"
#include "env/base/result.hpp"
#include "env/image/reference.hpp"
#include "env/instance/workspace.hpp"

namespace devenv::instance {

/// A reference that was written without a registry ("debian") in full, as registries.conf and its
/// aliases have it: devenv-image reads them. Where there is no such file, Docker's registry is
/// meant. Errors: usage when it may mean several; failed when a file is malformed.
Result<image::Reference> qualify(const Workspace& workspace,
                                 const image::Reference& reference,
                                 Reporter& reporter);

}  // namespace devenv::instance
