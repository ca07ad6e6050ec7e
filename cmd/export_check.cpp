// SPDX-License-Identifier: MIT
#include "cmd/export_check.hpp"

namespace devenv::cmd {
namespace {

/// How something is exported has to be possible for what is exported.
Result<void> check_fits(const ExportOptions& options) {
  const bool has_apps = options.all_apps || !options.apps.empty();
  if ((options.bus || options.autostart) && !has_apps) {
    return fail(ErrorCode::usage, "--dbus and --autostart are for --app and --all-apps");
  }
  if (options.label && !has_apps && !options.launcher) {
    return fail(ErrorCode::usage, "--label is for what appears in menus");
  }
  if (options.directory && options.binaries.empty()) {
    return fail(ErrorCode::usage, "--export-path is for --bin");
  }
  for (const std::string& variable : options.variables) {
    if (options.as_root && variable.find('=') == std::string::npos) {
      return fail(Error(ErrorCode::usage,
                        format("--root takes no variables of the caller along, such as '{}'",
                               text::sanitize(variable)))
                      .with_hint("--env NAME=VALUE"));
    }
  }
  return {};
}

}  // namespace

bool names_something(const ExportOptions& options) {
  return options.all_apps || options.launcher || !options.apps.empty() ||
         !options.binaries.empty() || !options.services.empty();
}

Result<void> check_export(const ExportOptions& options) {
  int verbs = 0;
  for (const bool verb : {options.list, options.available, options.renew, options.remove,
                          options.watch, options.automatic, options.not_automatic}) {
    verbs += verb ? 1 : 0;
  }
  if (verbs > 1) {
    return fail(ErrorCode::usage,
                "--list, --available, --sync, --watch, --auto, --no-auto and --delete exclude each "
                "other");
  }
  if (names_something(options) && verbs != 0 && !options.remove) {
    return fail(ErrorCode::usage,
                "--list, --available, --sync, --watch, --auto and --no-auto are about everything");
  }
  if (!names_something(options) && verbs == 0) {
    return fail(Error(ErrorCode::usage, "nothing to export was given")
                    .with_hint("--app, --bin, --service, --all-apps or --launcher; what there is: "
                               "devenv export NAME --available"));
  }
  TRY(check_fits(options));
  if (options.directory && !options.directory->starts_with('/')) {
    return fail(ErrorCode::usage, "--export-path takes an absolute path");
  }
  return {};
}

}  // namespace devenv::cmd
