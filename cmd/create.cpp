// SPDX-License-Identifier: MIT
#include "cmd/create.hpp"

#include "env/instance/create.hpp"

namespace devenv::cmd {
namespace {

/// The name that was given, if it is one; `devenv create fedora:43` gives none.
Result<instance::EnvironmentName> name_of(const CreateOptions& options, const Origin& origin) {
  const bool names_its_origin = !options.image && !options.profile;
  if (options.name && !names_its_origin) {
    return instance::EnvironmentName::parse(*options.name);
  }
  auto name = instance::EnvironmentName::parse(origin.suggested_name);
  if (!name) {
    return fail(name.error().with_hint("name it: devenv create NAME ..."));
  }
  return name;
}

}  // namespace

void add_create(CLI::App& app, CreateOptions& options) {
  app.add_option("NAME", options.name, "name of the environment, or the profile it is named after")
      ->type_name(kind::kNewName);
  app.add_option("-i,--image", options.image,
                 "image, or archive of a root file system (file, URL, -), to make it of")
      ->type_name(kind::kImageOrFile);
  add_check_flags(app, options.checksums, options.keyring);
  app.add_option("--profile", options.profile, "distribution to make it of")
      ->type_name(kind::kRelease);
  app.add_flag("--bootstrap", options.bootstrap,
               "build the root file system with mmdebstrap instead of fetching an image");
  add_storage_flag(app, options.storage);
  add_share_flags(app, options.shares);
  add_host_commands_flag(app, options.host_commands);
  app.add_flag("--pull", options.pull, "ask the registry for a newer image, download a URL again");
  app.footer(
      "Examples:\n"
      "  devenv create fedora\n"
      "  devenv create web --image docker.io/library/node:22\n"
      "  devenv create old --image ./rootfs.tar.xz\n"
      "  devenv create old --image https://example.org/rootfs.tar.xz#sha256=HEX\n"
      "  devenv create --profile ubuntu:24.04");
}

Result<Origin> origin_of(const CreateOptions& options, const profiles::Catalog& catalog) {
  const Fetch fetch = options.bootstrap ? Fetch::bootstrap : Fetch::registry;
  if (options.image && options.profile) {
    return fail(ErrorCode::usage, "--image and --profile exclude each other");
  }
  if (options.image && options.bootstrap) {
    return fail(ErrorCode::usage, "--image and --bootstrap exclude each other");
  }
  if (options.image) {
    TRY_ASSIGN(Origin origin, origin_from_image(*options.image));
    TRY(add_check(origin, options.checksums, options.keyring));
    return origin;
  }
  if (options.checksums || options.keyring) {
    return fail(ErrorCode::usage, "--checksums and --keyring go with --image");
  }
  if (options.profile) {
    return require_profile(catalog, *options.profile, fetch);
  }
  if (!options.name) {
    return fail(Error(ErrorCode::usage, "'devenv create' needs NAME, --image or --profile")
                    .with_hint("devenv create --help"));
  }
  TRY_ASSIGN(std::optional<Origin> origin, origin_from_profile(catalog, *options.name, fetch));
  if (origin) {
    return *std::move(origin);
  }
  const auto similar = similar_profile(catalog, *options.name);
  return fail(
      Error(ErrorCode::usage,
            format("there is no profile '{}', and neither --image nor --profile says what to make "
                   "the environment of",
                   text::sanitize(*options.name)))
          .with_hint(similar ? format("did you mean '{}'?", *similar)
                             : "devenv create NAME --image IMAGE, or see: devenv profile list"));
}

Result<ExitCode> run_create(const CreateOptions& options, Context& context) {
  // A bad name is told before anything else, whatever it is to be made of.
  if (options.name && (options.image || options.profile)) {
    TRY(instance::EnvironmentName::parse(*options.name));
  }
  TRY_ASSIGN(const profiles::Catalog catalog, context.profiles());
  TRY_ASSIGN(Origin origin, origin_of(options, catalog));
  TRY_ASSIGN(instance::EnvironmentName name, name_of(options, origin));
  TRY_ASSIGN(const auto storage, context.storage(options.storage));
  TRY_ASSIGN(host::ShareChoice shares, context.shares(origin.shares, options.shares));
  TRY_ASSIGN(const instance::HostCommands host_commands,
             instance::parse_host_commands(options.host_commands.value_or("allow")));
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  const instance::CreateRequest request{
      .name = std::move(name),
      .source = std::move(origin.source),
      .image_as_given = origin.image,
      .profile = origin.profile,
      .storage = storage,
      .pull = options.pull ? instance::PullPolicy::always : instance::PullPolicy::if_missing,
      .shares = std::move(shares),
      .host_commands = host_commands,
      .exports = origin.exports,
      .surroundings = {.shell = origin.shell}};
  TRY(instance::create_environment(*workspace, request, context.ui()));
  context.ui().note(format("created '{}'", request.name.string()));
  context.ui().note(format("enter it with: devenv enter {}", request.name.string()));
  return ExitCode::done;
}

}  // namespace devenv::cmd
