// SPDX-License-Identifier: MIT
#include "env/image/registry/credential_helper.hpp"

#include <algorithm>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/json.hpp"
#include "env/base/text.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"

namespace devenv::image::registry {
namespace {

constexpr std::size_t kMaxAnswerBytes = 64U * 1024;
/// What is sent must fit into a pipe that nobody reads yet: pipe(7), PIPE_BUF times sixteen.
constexpr std::size_t kMaxRequestBytes = 32U * 1024;
constexpr std::size_t kMaxQuotedBytes = 200;
constexpr std::string_view kNotFound = "credentials not found in native keychain";

/// A part of a file name, which a file of passwords says.
bool is_helper_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), allowed);
}

/// Helpers write what went wrong to standard output. A document has no place in a message: it may
/// be the answer, with the secret.
std::string complaint(const sys::Captured& run) {
  for (const std::string* stream : {&run.out, &run.err}) {
    const std::string_view words = text::trim(*stream);
    if (!words.empty() && words.find('{') == std::string_view::npos) {
      return text::sanitize(words.substr(0, std::min(words.find('\n'), kMaxQuotedBytes)));
    }
  }
  return run.status.to_string();
}

Result<sys::Captured> run_helper(const std::string& name,
                                 const char* verb,
                                 const std::string& request,
                                 std::chrono::milliseconds timeout) {
  if (!is_helper_name(name)) {
    return fail(ErrorCode::not_found,
                format("'{}' is no name of a credential helper", text::sanitize(name)));
  }
  const std::string program = "docker-credential-" + name;
  if (request.size() > kMaxRequestBytes) {
    return fail(ErrorCode::usage, "the password is too long");
  }
  TRY_ASSIGN(sys::Pipe pipe, sys::make_pipe());
  TRY(sys::write_all(pipe.write_end.get(), request));
  pipe.write_end.reset();
  auto run = sys::run_captured({.argv = {program, verb},
                                .stdin_fd = pipe.read_end.get(),
                                .die_with_parent = true,
                                .new_session = true},
                               timeout);
  if (run && run->timed_out) {
    return fail(
        Error(ErrorCode::network, format("{} {} has not answered for {} s", program, verb,
                                         std::chrono::ceil<std::chrono::seconds>(timeout).count()))
            .with_hint(format("it may be asking somewhere else for a password; try it: "
                              "{} list",
                              program)));
  }
  if (!run && run.error().code() == ErrorCode::not_found) {
    return fail(ErrorCode::not_found, format("there is no program '{}'", program));
  }
  return run;
}

tl::unexpected<Error> failed(const std::string& name, const char* verb, const sys::Captured& run) {
  return fail(ErrorCode::failed,
              format("docker-credential-{} {} failed: {}", name, verb, complaint(run)));
}

bool has_nothing(const sys::Captured& run) {
  return text::trim(run.out) == kNotFound || text::trim(run.err) == kNotFound;
}

}  // namespace

Result<std::optional<Credentials>> parse_helper_answer(std::string_view answer) {
  const auto document = json::parse(answer, {.max_bytes = kMaxAnswerBytes});
  if (!document) {
    // Not the parser's words: they may quote what it stumbled over.
    return fail(ErrorCode::integrity, "the answer is no JSON document");
  }
  Credentials credentials{.user = json::string_or(*document, "Username", ""),
                          .password = json::string_or(*document, "Secret", ""),
                          .identity_token = ""};
  if (credentials.password.empty()) {
    return std::nullopt;
  }
  if (credentials.user == kTokenUser) {
    std::swap(credentials.password, credentials.identity_token);
  }
  return credentials;
}

Result<std::optional<Credentials>> ask_helper(const std::string& name,
                                              const std::string& server,
                                              std::chrono::milliseconds timeout) {
  TRY_ASSIGN(const sys::Captured run, run_helper(name, "get", server, timeout));
  if (!run.status.success()) {
    if (has_nothing(run)) {
      return std::nullopt;
    }
    return failed(name, "get", run);
  }
  auto credentials = parse_helper_answer(run.out);
  if (!credentials) {
    return fail(credentials.error().context(format("docker-credential-{} is damaged", name)));
  }
  return credentials;
}

Result<void> store_in_helper(const std::string& name,
                             const std::string& server,
                             const Credentials& credentials) {
  const Json request{
      {"ServerURL", server}, {"Username", credentials.user}, {"Secret", credentials.password}};
  TRY_ASSIGN(const sys::Captured run,
             run_helper(name, "store", json::dump(request, -1), kHelperTimeout));
  if (!run.status.success()) {
    return failed(name, "store", run);
  }
  return {};
}

Result<bool> erase_in_helper(const std::string& name, const std::string& server) {
  // Some helpers call it no failure to erase what is not there.
  TRY_ASSIGN(const auto present, ask_helper(name, server));
  if (!present) {
    return false;
  }
  TRY_ASSIGN(const sys::Captured run, run_helper(name, "erase", server, kHelperTimeout));
  if (!run.status.success()) {
    return failed(name, "erase", run);
  }
  return true;
}

}  // namespace devenv::image::registry
