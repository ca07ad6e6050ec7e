// SPDX-License-Identifier: MIT
// devenv image login, logout
#include "cmd/image.hpp"
#include "env/instance/login.hpp"
#include "env/sys/file.hpp"

namespace devenv::cmd {
namespace {

constexpr int kStandardInput = 0;
constexpr std::size_t kMaxPasswordBytes = 16U * 1024;

/// All of standard input but the end of its line.
Result<std::string> read_password() {
  TRY_ASSIGN_CONTEXT(std::string password, sys::read_all(kStandardInput, kMaxPasswordBytes),
                     "cannot read the password");
  for (const char end : {'\n', '\r'}) {
    if (!password.empty() && password.back() == end) {
      password.pop_back();
    }
  }
  return password;
}

Error nobody_to_ask(const char* what, const char* flag) {
  return Error(ErrorCode::usage, format("nobody can be asked for the {}", what))
      .with_hint(format("give it with {}", flag));
}

}  // namespace

void add_image_login(CLI::App& app, ImageLoginOptions& options) {
  app.add_option("REGISTRY", options.registry, "the registry, or a part of it: quay.io/team")
      ->required();
  app.add_option("-u,--user", options.user, "who you are there; else you are asked")
      ->type_name("USER");
  app.add_flag("--password-stdin", options.password_stdin, "read the password from standard input");
  app.footer(
      "The registry is asked whether it takes the password, which is then kept where podman, "
      "skopeo\n"
      "and buildah find it, too; or in the helper (credHelpers, credsStore) of their or docker's\n"
      "files.\n"
      "\n"
      "Examples:\n"
      "  devenv image login quay.io\n"
      "  pass show ci | devenv image login --user ci --password-stdin registry.example.com:5000");
}

Result<ExitCode> run_image_login(const ImageLoginOptions& options, Context& context) {
  Ui& ui = context.ui();
  std::string user = options.user;
  if (user.empty() && (options.password_stdin || !ui.can_ask())) {
    return fail(nobody_to_ask("user name", "--user"));
  }
  if (!options.password_stdin && !ui.can_ask()) {
    return fail(nobody_to_ask("password", "--password-stdin"));
  }
  if (user.empty()) {
    TRY_ASSIGN(user, ui.ask(format("user name for {}:", options.registry), ""));
  }
  std::string password;
  if (options.password_stdin) {
    TRY_ASSIGN(password, read_password());
  } else {
    TRY_ASSIGN(password, ui.ask_secret("password:"));
  }
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const image::LoginRecord record,
             instance::log_in(*workspace, options.registry, user, password, ui));
  ui.note(format("logged in to {} as {}; the password is in {}", text::sanitize(record.registry),
                 text::sanitize(user), join(record.places, ", ")));
  return ExitCode::done;
}

void add_image_logout(CLI::App& app, ImageLogoutOptions& options) {
  app.add_option("REGISTRY", options.registry, "the registry, as it was given to the login")
      ->required();
  app.footer("Passwords in docker's own files are not touched: docker logout.");
}

Result<ExitCode> run_image_logout(const ImageLogoutOptions& options, Context& context) {
  TRY_ASSIGN(const auto* const workspace, context.workspace());
  TRY_ASSIGN(const image::LoginRecord record,
             instance::log_out(*workspace, options.registry, context.ui()));
  context.ui().note(format("the password for {} is no longer in {}",
                           text::sanitize(record.registry), join(record.places, ", ")));
  if (!record.left.empty()) {
    context.ui().warn(format("there is another one in {}", join(record.left, ", ")),
                      format("docker logout {}", text::sanitize(record.registry)));
  }
  return ExitCode::done;
}

}  // namespace devenv::cmd
