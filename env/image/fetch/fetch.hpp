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
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/base/reporter.hpp"
#include "env/base/result.hpp"
#include "env/image/feature.hpp"
#include "env/image/fetch/cancellation.hpp"
#include "env/image/layer/unpack.hpp"
#include "env/image/platform.hpp"
#include "env/image/record.hpp"
#include "env/image/reference.hpp"
#include "env/image/registry/http.hpp"
#include "env/image/run_config.hpp"
#include "env/image/sealed_layer.hpp"
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
  /// The caller's variables: where credentials are looked for.
  std::function<std::string(const char*)> get_variable;
  /// A name that another image has stays with it: nobody asked for this name.
  bool keeps_names = false;
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

/// Fetches a dev container feature: store/features/HEX/ has feature.json (StoredFeature) and
/// files/. One that is there already, by its manifest's digest, is only read.
///
/// Only plain files come out of its tar, below their own directory: links, devices and names that
/// lead out of it make it a hostile one. Errors: those of registry::RegistryClient; unsupported for
/// what is no feature; integrity (digest, limits, names, no install.sh, devcontainer-feature.json).
Result<StoredFeature> fetch_feature(const Context& context, const Reference& reference);

/// What an ArchiveRequest calls standard input.
constexpr std::string_view kStandardInputWord = "-";

/// An archive, and what its bytes are checked by before anything looks into it.
struct ArchiveRequest {
  std::string location;  ///< a file, the directory of an OCI layout, an http or https URL, "-"
  std::string tag;  ///< of the image that is wanted of several; "": the only one, or the platform's
  std::optional<Digest> sha256;
  std::string checksums;  ///< a file or URL that lists the archive's SHA-256; "": none
  std::string keyring;    ///< of who must have signed `checksums`; "": nobody has to
};

/// Imports a root file system (a tar of any compression, squashfs), an OCI layout (a directory, or
/// in a tar) or a docker archive; found out by content. A root file system that lies in one
/// directory of its archive (LXD's "rootfs", Arch's "root.x86_64") is taken out of it.
///
/// An https URL needs no checksum, http does. A download that breaks off is gone on with by the
/// next import of the same URL.
/// Errors: not_found (no such file); integrity (none of these, damaged, or other bytes than the
/// checksum's); usage (no checksum where there has to be one); unsupported (sqfs2tar or gpgv is
/// missing); network; those of checksums.hpp.
Result<ImageRecord> import_archive(const Context& context,
                                   const ArchiveRequest& request,
                                   const Reference& name,
                                   const Platform& platform);

/// A container or an image of another engine of the caller's.
struct EngineRequest {
  std::string engine;  ///< "podman" or "docker"
  std::string name;
};

/// Imports what `podman save` gives. A container is committed first; the image that this makes is
/// removed again, whatever happens to this process. `name`: nullopt for "localhost/NAME:latest".
/// Errors: usage (another engine); unsupported (it is not installed); not_found; failed, with what
/// the engine said.
Result<ImageRecord> import_from_engine(const Context& context,
                                       const EngineRequest& request,
                                       const std::optional<Reference>& name,
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

/// Makes the tree in the directory `tree` a layer on top of `parent` (nullopt: the lowest) and
/// moves it into the store, on whose file system it is. Nobody else may use the tree; marks of
/// fuse-overlayfs become those of the kernel (normalize_tree), and the digest is that of its
/// canonical tar (pack_layer). When the store has the layer already, the tree is removed.
///
/// Killed at any point, it leaves the tree, or the layer, or something for prune. Nothing names the
/// layer yet: a prune that runs at once may take it.
/// Errors: not_found (no such tree, no such parent); those of normalize_tree and pack_layer;
/// interrupted.
Result<SealedLayer> seal(const Context& context,
                         const std::string& tree,
                         const std::optional<Digest>& parent);

/// What an image has below its new layers.
enum class BaseLayers {
  kept,
  replaced,  ///< nothing: the new layers are a whole tree, only the config is the base's
};

/// An image in the store and layers on top of it.
struct NewImage {
  Digest base_manifest;
  /// Where its layers can be had; "" or "localhost/..." when in no registry.
  std::string base_reference;
  /// Lowest first; those of the base may be named, too.
  std::vector<SealedLayer> layers;
  Reference reference;
  std::map<std::string, std::string> labels;  ///< added to those of the base
  BaseLayers base_layers = BaseLayers::kept;
};

/// Records the image in the store, under its reference. Errors: not_found (base, layers); those of
/// compose_image.
Result<ImageRecord> compose(const Context& context, NewImage image);

/// Sends the image to the registry of its reference, and records it in the store. Without layers
/// and labels it is the base that is sent, byte by byte.
///
/// A blob that the registry has is not sent; one that another repository of it has is mounted; one
/// that the base's registry has is copied. Everything else is packed from the store's layers: a
/// layer that was sealed gets its own diff id again. A layer that came with a pull or an import,
/// but is in no registry, may not (its tar was written by somebody else): the image in the registry
/// then has other ids than the one here, which is said, and is not recorded.
/// Errors: those of RegistryClient; usage (a reference by digest); conflict and integrity (layers
/// that are not what they were).
Result<ImageRecord> push(const Context& context, NewImage image);

/// How the programs of an image of the store want to be run. Errors: not_found, integrity.
Result<RunConfig> read_config(const Context& context, const Digest& manifest);

/// Writes the image to a file, under its reference: one tar that is an OCI layout and a docker
/// archive, so that every tool reads it. The same image gives the same bytes. Its layers are packed
/// from the store: what is said of push about ids holds here, too. The record is that of the image
/// in the file. A file that is there is replaced.
/// Errors: those of push that are not a registry's; those of writing.
Result<ImageRecord> save(const Context& context, NewImage image, const std::string& file);

}  // namespace devenv::image::fetch
