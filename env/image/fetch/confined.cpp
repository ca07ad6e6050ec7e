// SPDX-License-Identifier: MIT
#include "env/image/fetch/confined.hpp"

#include <csignal>
#include <utility>

#include "env/base/format.hpp"
#include "env/base/log.hpp"
#include "env/image/fetch/sources.hpp"
#include "env/image/fetch/worker_message.hpp"
#include "env/sys/confine.hpp"
#include "env/sys/file.hpp"
#include "env/sys/namespaces.hpp"
#include "env/sys/process.hpp"
#include "env/sys/signals.hpp"

namespace devenv::image::fetch {
namespace {

/// No honest answer is longer: see kMaxFeatureBytes.
constexpr std::size_t kMaxAnswerBytes = 128U * 1024 * 1024;

Result<std::string> work_confined(const std::vector<int>& kept,
                                  const std::function<Result<std::string>()>& work) {
  TRY(close_off(kept));
  note_missing("Landlock", sys::confine_files(-1));
  note_missing("seccomp", sys::confine_calls(sys::Paths::refused));
  return work();
}

/// All that the child has to say, until it ends.
Result<std::optional<Message>> hear(Cancellation& cancellation, int answers) {
  MessageReader reader;
  std::string block(kBlockSize, '\0');
  std::size_t total = 0;
  while (true) {
    std::vector<sys::WaitEntry> entries = {{answers, sys::WaitFor::readable}};
    TRY(cancellation.wait(entries));  // an error kills the child, which has nothing to undo
    if (!entries[0].ready) {
      continue;
    }
    TRY_ASSIGN(const std::size_t count, sys::read_some(answers, block));
    if (count == 0) {
      return reader.next();
    }
    total += count;
    if (total > kMaxAnswerBytes) {
      return fail(ErrorCode::integrity, "the process that reads it misbehaves");
    }
    reader.add({block.data(), count});
  }
}

}  // namespace

Result<void> close_off(const std::vector<int>& kept) {
  TRY_ASSIGN(sys::UniqueFd nothing, sys::open_file("/dev/null", O_RDWR));
  TRY(sys::replace_fd(nothing.get(), 0));
  TRY(sys::replace_fd(nothing.get(), 1));
  nothing.reset();
  sys::close_fds_but(kept);
  return {};
}

void note_missing(const char* what, const Result<bool>& done) {
  if (!done || !*done) {
    LOG_DEBUG("reading without {}{}", what, done ? "" : ": " + done.error().to_line());
  }
}

Result<std::string> run_confined(Cancellation& cancellation,
                                 const std::vector<int>& kept,
                                 const std::function<Result<std::string>()>& work) {
  TRY_ASSIGN(sys::Pipe answers, sys::make_pipe());
  const pid_t parent = sys::current_pid();
  TRY_ASSIGN(sys::Child child, sys::fork_child(0, [&] {
               sys::die_with_parent(parent);
               sys::release_signals();
               sys::set_process_name("devenv-read");
               const int output = answers.write_end.get();
               std::vector<int> open = kept;
               open.push_back(output);
               auto text = work_confined(open, work);
               const bool good = text.has_value();
               const Message message = good ? Message(TextMessage{std::move(*text)})
                                            : Message(FailureMessage{text.error()});
               (void)sys::write_all(output, encode_message(message));
               return good ? 0 : 1;
             }));
  answers.write_end.reset();
  TRY_ASSIGN(auto message, hear(cancellation, answers.read_end.get()));
  // One that has been taken over may close its end and stay.
  TRY_ASSIGN(const sys::ExitStatus status, cancellation.wait(child));
  if (message) {
    if (auto* text = std::get_if<TextMessage>(&*message)) {
      return std::move(text->text);
    }
    if (const auto* failure = std::get_if<FailureMessage>(&*message)) {
      return fail(failure->error);
    }
  }
  if (status.signal == SIGKILL) {
    return fail(died("the process that reads it", status));
  }
  return fail(ErrorCode::integrity, "the process that reads it " + status.to_string());
}

Error died(const std::string& who, const sys::ExitStatus& status) {
  const Error error(ErrorCode::failed, format("{} {}", who, status.to_string()));
  return status.signal == SIGKILL
             ? error.with_hint(
                   "the machine may be out of memory: look into the kernel's log (dmesg)")
             : error;
}

}  // namespace devenv::image::fetch
