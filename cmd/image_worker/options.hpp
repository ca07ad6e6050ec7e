// SPDX-License-Identifier: MIT
// The command line of devenv-image. Its only user is devenv, so it is strict and without frills.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "env/base/byte_size.hpp"
#include "env/base/digest.hpp"
#include "env/base/result.hpp"
#include "env/image/fetch/fetch.hpp"
#include "env/image/platform.hpp"
#include "env/image/reference.hpp"

namespace devenv::image_worker {

struct PullOptions {
  image::Reference reference;
};
struct FeatureOptions {
  image::Reference reference;
};
struct ImportOptions {
  image::fetch::ArchiveRequest archive;
  image::Reference name;
  bool has_name = true;  ///< or it is made up
};

/// "engine": what podman or docker has.
struct EngineOptions {
  image::fetch::EngineRequest request;
  std::optional<image::Reference> name;
};

struct SealOptions {
  std::string tree;
  std::optional<Digest> parent;
};

/// "push" sends the image, "compose" only records it.
struct PushOptions {
  image::fetch::NewImage image;
};
struct ComposeOptions {
  image::fetch::NewImage image;
};
struct ConfigOptions {
  Digest manifest;
};
struct SaveOptions {
  image::fetch::NewImage image;
  std::string file;
};

struct LoginOptions {
  std::string registry;
  std::string user;  ///< the password is on standard input
};
struct LogoutOptions {
  std::string registry;
};

/// What a short name means.
struct QualifyOptions {
  image::Reference reference;
};

struct Options {
  std::string store;         ///< empty for a login, a logout and qualify
  image::Platform platform;  ///< the host's unless given
  std::optional<ByteSize> max_size;
  std::optional<std::uint64_t> max_ratio;
  std::optional<std::chrono::seconds> timeout;
  std::variant<PullOptions,
               FeatureOptions,
               ImportOptions,
               EngineOptions,
               image::fetch::BootstrapRequest,
               SealOptions,
               SaveOptions,
               ConfigOptions,
               PushOptions,
               ComposeOptions,
               LoginOptions,
               LogoutOptions,
               QualifyOptions>
      action;
};

/// Arguments without the program's name. `get_variable` gives DEVENV_IMAGE_MAX_SIZE (a size),
/// DEVENV_IMAGE_MAX_RATIO (how many times its size a layer may grow) and DEVENV_IMAGE_TIMEOUT
/// (seconds without a byte after which a transfer is given up). Errors: usage.
Result<Options> parse_options(const std::vector<std::string>& arguments,
                              const std::function<std::string(const char*)>& get_variable);

}  // namespace devenv::image_worker
