// SPDX-License-Identifier: MIT
// devenv image pull, push, save, tag, bundle, list, inspect, rm, prune, dedupe, login, logout
#pragma once

#include <string>
#include <vector>

#include "cmd/cli.hpp"
#include "env/base/json.hpp"
#include "env/image/record.hpp"

namespace devenv::cmd {

struct ImagePullOptions {
  std::string reference;
  bool json = false;
};
void add_image_pull(CLI::App& app, ImagePullOptions& options);
Result<ExitCode> run_image_pull(const ImagePullOptions& options, Context& context);

struct ImagePushOptions {
  std::string image;
  std::string destination;
  bool json = false;
};
void add_image_push(CLI::App& app, ImagePushOptions& options);
Result<ExitCode> run_image_push(const ImagePushOptions& options, Context& context);

struct ImageSaveOptions {
  std::string image;
  std::string file;
  std::string name;
  bool force = false;
  bool json = false;
};
void add_image_save(CLI::App& app, ImageSaveOptions& options);
Result<ExitCode> run_image_save(const ImageSaveOptions& options, Context& context);

struct ImageBundleOptions {
  std::string image;
  std::string directory;
  std::string remove;
  bool terminal = false;
};
void add_image_bundle(CLI::App& app, ImageBundleOptions& options);
Result<ExitCode> run_image_bundle(const ImageBundleOptions& options, Context& context);

struct ImageTagOptions {
  std::string image;
  std::string name;
};
void add_image_tag(CLI::App& app, ImageTagOptions& options);
Result<ExitCode> run_image_tag(const ImageTagOptions& options, Context& context);

struct ImageLoginOptions {
  std::string registry;
  std::string user;
  bool password_stdin = false;
};
void add_image_login(CLI::App& app, ImageLoginOptions& options);
Result<ExitCode> run_image_login(const ImageLoginOptions& options, Context& context);

struct ImageLogoutOptions {
  std::string registry;
};
void add_image_logout(CLI::App& app, ImageLogoutOptions& options);
Result<ExitCode> run_image_logout(const ImageLogoutOptions& options, Context& context);

struct ImageListOptions {
  bool json = false;
};
void add_image_list(CLI::App& app, ImageListOptions& options);
Result<ExitCode> run_image_list(const ImageListOptions& options, Context& context);

struct ImageInspectOptions {
  std::string image;
  bool json = false;
};
void add_image_inspect(CLI::App& app, ImageInspectOptions& options);
Result<ExitCode> run_image_inspect(const ImageInspectOptions& options, Context& context);

struct ImageRemoveOptions {
  std::vector<std::string> images;
  bool all = false;
  bool yes = false;
};
void add_image_remove(CLI::App& app, ImageRemoveOptions& options);
Result<ExitCode> run_image_remove(const ImageRemoveOptions& options, Context& context);

struct ImageDedupeOptions {
  bool dry_run = false;
  bool json = false;
};
void add_image_dedupe(CLI::App& app, ImageDedupeOptions& options);
Result<ExitCode> run_image_dedupe(const ImageDedupeOptions& options, Context& context);

struct ImagePruneOptions {
  bool packages = false;
  bool yes = false;
  bool all = false;
  bool dry_run = false;
  bool json = false;
};
void add_image_prune(CLI::App& app, ImagePruneOptions& options);
Result<ExitCode> run_image_prune(const ImagePruneOptions& options, Context& context);

std::string image_table(const std::vector<image::ImageRecord>& records, const Style& style);
/// The record as `--json` shows it: unknown is null.
Json image_document(const image::ImageRecord& record);

/// An image of the store by name, digest or prefix of a digest; `text` may leave out Docker's
/// defaults. Errors: not_found with a suggestion.
Result<image::ImageRecord> stored_image(const image::Store& store, const std::string& text);

}  // namespace devenv::cmd
