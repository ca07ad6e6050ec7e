// SPDX-License-Identifier: MIT
#include "env/instance/qualify.hpp"

#include "env/image/registries_files.hpp"
#include "env/instance/worker.hpp"
#include "env/sys/process.hpp"

namespace devenv::instance {

Result<image::Reference> qualify(const Workspace& workspace,
                                 const image::Reference& reference,
                                 Reporter& reporter) {
  if (!reference.is_short() || !image::registries_files(&sys::get_variable).exist()) {
    return reference;
  }
  TRY_ASSIGN(
      const image::FullName name,
      run_worker<image::FullName>(workspace, {"qualify", "--", reference.as_written()}, reporter));
  return image::Reference::parse(name.reference);
}

}  // namespace devenv::instance
