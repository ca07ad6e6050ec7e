// SPDX-License-Identifier: MIT
// Getting an image into the store: from a registry, from an archive, or by a distribution's own
// bootstrap program.
//
// fetch/ is a small crew of processes. The one that calls these functions (the foreman) decides,
// holds the locks and publishes. For each layer a producer gets the bytes as the user, and an
// unpacker, root of the store's user namespace, hashes, decompresses and writes them; both report
// through pipes. Nothing gets its final name before both digests of the layer match.
#pragma once

#include <functional>
#include <string>

#include "env/base/reporter.hpp"
#include "env/base/result.hpp"
#include "env/image/fetch/cancellation.hpp"
#include "env/image/layer/unpack.hpp"
#include "env/image/platform.hpp"
#include "env/image/record.hpp"
#include "env/image/reference.hpp"
#include "env/image/registry/http.hpp"
#include "env/image/store.hpp"
#include "env/sys/process.hpp"

namespace devenv::image::fetch {

/// Starts a child of this process as root of the user namespace of the store's id map.
/// (This library knows nothing of namespaces: the program supplies it.)
using SpawnAsRoot = std::function<Result<sys::Child>(const std::function<int()>& body)>;

/// What all ways of getting an image share. References stay valid for the call.
struct Context {
  const Store& store;
  Reporter& reporter;
  Cancellation& cancellation;
  SpawnAsRoot spawn_as_root;
  UnpackLimits limits;  ///< max_bytes is that of the whole image
  registry::Timeouts timeouts;
};

/// Pulls an image. What is in the store already is used: a tag that has not moved costs one
/// request. Two pulls at once share the work: the second waits and finds the layers there.
///
/// Errors: those of registry::RegistryClient; unsupported (no image for the platform, schema 1...);
/// integrity (digests, sizes, hostile layers, limits); failed (disk full, a worker that died);
/// interrupted. Downloaded parts stay for the next attempt unless their digest is wrong.
Result<ImageRecord> pull(const Context& context,
                         const Reference& reference,
                         const Platform& platform);

/// Imports a root file system tar (of any compression), an OCI layout (a directory, or in a tar) or
/// a docker archive; found out by content.
/// Errors: not_found (no such file), integrity (none of these, or damaged).
Result<ImageRecord> import_archive(const Context& context,
                                   const std::string& path,
                                   const Reference& name,
                                   const Platform& platform);

struct BootstrapRequest {
  std::string distribution;  ///< "debian" or "ubuntu"
  std::string suite;         ///< "trixie"
  std::string mirror;        ///< empty: the host's own, else the distribution's public one
};

/// Makes an image with mmdebstrap, named localhost/bootstrap/<distribution>:<suite>.
/// Errors: usage (distribution, suite, mirror); unsupported when mmdebstrap is missing; failed,
/// with the end of what it said.
Result<ImageRecord> bootstrap(const Context& context, const BootstrapRequest& request);

}  // namespace devenv::image::fetch
