// SPDX-License-Identifier: MIT
#include "cmd/import.hpp"

#include <algorithm>
#include <array>

#include "cmd/origin.hpp"
#include "env/instance/create.hpp"
#include "env/sys/file.hpp"

namespace devenv::cmd {
namespace {

/// An archive becomes an image; nothing is made of it.
Result<ExitCode> import_archive(const ImportOptions& options, Context& context) {
  if (options.name || options.storage || options.shares.given()) {
    return fail(Error(ErrorCode::usage, "an archive becomes an image, not an environment")
                    .with_hint("devenv create NAME --image ARCHIVE"));
  }
  TRY_ASSIGN(Origin origin, origin_from_image(options.source));
  TRY(add_check(origin, options.checksums, options.keyring));
  if (std::holds_alternative<instance::FromRegistry>(origin.source)) {
    return fail(
        Error(ErrorCode::usage, format("'{}' is no archive", text::sanitize(options.source)))
            .with_hint(format("an image of a registry is fetched by: devenv image pull {}",
                              text::shell_quote(text::sanitize(options.source)))));
  }
  if (options.reference) {
    TRY_ASSIGN(const image::Reference reference, image::Reference::parse(*options.reference));
    if (reference.digest()) {
      return fail(ErrorCode::usage, "an image is named by a tag, not by a digest");
    }
    if (auto* const archive = std::get_if<instance::ArchiveFile>(&origin.source)) {
      archive->name = reference.string();
    } else {
      std::get<instance::EngineImage>(origin.source).name_here = reference.string();
    }
  }
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const image::ImageRecord record,
             instance::obtain_image(*workspace, origin.source, instance::PullPolicy::always,
                                    context.ui()));
  context.ui().data(record.reference + "\n");
  return ExitCode::done;
}

/// The box had a home of its own, which is no part of the container.
void tell_home(const image::ImageRecord& record, Context& context) {
  const auto home =
      std::find_if(record.environment.begin(), record.environment.end(),
                   [](const std::string& variable) { return variable.starts_with("HOME="); });
  const auto* const workspace = context.workspace().value_or(nullptr);
  if (home == record.environment.end() || workspace == nullptr) {
    return;
  }
  const std::string directory = home->substr(home->find('=') + 1);
  if (directory != workspace->user.home && directory != "/root" && directory.starts_with('/')) {
    context.ui().warn(format("its home was {}; here it has yours", text::sanitize(directory)), "");
  }
}

Result<ExitCode> import_box(const ImportOptions& options, Context& context) {
  if (options.reference || options.checksums || options.keyring) {
    return fail(ErrorCode::usage, "--as, --checksums and --keyring go with an archive");
  }
  if (options.source.empty() || options.source.starts_with('-')) {
    return fail(ErrorCode::usage, "the name of the container is empty");
  }
  auto name = instance::EnvironmentName::parse(options.name.value_or(options.source));
  if (!name) {
    return fail(options.name ? name.error()
                             : name.error().with_hint("name the environment: --name NAME"));
  }
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  if (sys::exists(workspace->paths.environments() + "/" + name->string())) {
    return fail(
        Error(ErrorCode::conflict, format("environment '{}' exists already", name->string()))
            .with_hint("give it another name: --name NAME"));
  }
  TRY_ASSIGN(const auto storage, context.storage(options.storage));
  TRY_ASSIGN(host::ShareChoice shares, context.shares({}, options.shares));
  const instance::EngineImage source{*options.from, options.source};
  TRY_ASSIGN(
      image::ImageRecord record,
      instance::obtain_image(*workspace, source, instance::PullPolicy::always, context.ui()));
  tell_home(record, context);
  record.environment = without_box_variables(record.environment);
  const instance::CreateRequest request{.name = *std::move(name),
                                        .source = source,
                                        .image_as_given = record.reference,
                                        .profile = {},
                                        .storage = storage,
                                        .shares = std::move(shares),
                                        .exports = {},
                                        .image = record,
                                        .came_from = *options.from};
  TRY(instance::create_environment(*workspace, request, context.ui()));
  context.ui().note(
      format("created '{}'; {} has kept its own", request.name.string(), *options.from));
  context.ui().note(format("enter it with: devenv enter {}", request.name.string()));
  return ExitCode::done;
}

}  // namespace

void add_import(CLI::App& app, ImportOptions& options) {
  app.add_option("SOURCE", options.source,
                 "a container or image of the engine, or an archive (file, URL, -)")
      ->required();
  only(app.add_option("--from", options.from, "the engine whose container or image SOURCE is"),
       {"podman", "docker"});
  app.add_option("--name", options.name, "with --from: of the environment; default SOURCE")
      ->type_name(kind::kNewName);
  app.add_option("--as", options.reference, "of an archive: the name of the image")
      ->type_name(kind::kReference);
  add_check_flags(app, options.checksums, options.keyring);
  add_storage_flag(app, options.storage);
  add_share_flags(app, options.shares);
  app.footer(
      "With --from, a box of Distrobox or Toolbx, or any container, becomes an environment: what "
      "is "
      "installed in it is there, what those tools need for themselves is not. The container stays "
      "as it is.\n"
      "\n"
      "Examples:\n"
      "  devenv import --from podman my-distrobox\n"
      "  devenv import --from podman fedora-toolbox-42 --name fedora\n"
      "  devenv import https://example.org/rootfs.tar.xz#sha256=HEX --as localhost/root:1\n"
      "  podman save web | devenv import - --as localhost/web:1");
}

std::vector<std::string> without_box_variables(const std::vector<std::string>& variables) {
  constexpr std::array<std::string_view, 10> kNames = {
      "HOME",     "USER", "LOGNAME",   "SHELL",        "TERM",
      "HOSTNAME", "PWD",  "container", "CONTAINER_ID", "VTE_VERSION"};
  constexpr std::array<std::string_view, 5> kPrefixes = {"DISTROBOX_", "DBX_", "TOOLBOX_",
                                                         "TOOLBX_", "XDG_"};
  std::vector<std::string> kept;
  for (const std::string& variable : variables) {
    const std::string_view name = std::string_view(variable).substr(0, variable.find('='));
    const bool named = std::find(kNames.begin(), kNames.end(), name) != kNames.end();
    const bool marked =
        std::any_of(kPrefixes.begin(), kPrefixes.end(),
                    [&](std::string_view prefix) { return name.starts_with(prefix); });
    if (!named && !marked) {
      kept.push_back(variable);
    }
  }
  return kept;
}

Result<ExitCode> run_import(const ImportOptions& options, Context& context) {
  return options.from ? import_box(options, context) : import_archive(options, context);
}

}  // namespace devenv::cmd
