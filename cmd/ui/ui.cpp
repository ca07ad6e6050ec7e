// SPDX-License-Identifier: MIT
#include "cmd/ui/ui.hpp"

#include <array>
#include <cerrno>
#include <csignal>

#include "cmd/ui/error_text.hpp"
#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/image/worker_events.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"
#include "env/sys/signals.hpp"
#include "env/sys/terminal.hpp"

namespace devenv::cmd {
namespace {

Style style_for(ColorWhen when, int fd) {
  return Style(color_wanted(when, sys::is_terminal(fd), sys::get_variable));
}

/// write(2) with a reader that left as EPIPE, not as a signal.
Result<void> write_to(int fd, std::string_view text) {
  const sys::IgnoredSignal ignored(SIGPIPE);
  return sys::write_all(fd, text);
}

/// Asked before each frame: a window changes its size without telling a process that set no
/// handler for it.
sys::TerminalSize size_of(int fd) {
  return sys::terminal_size(fd).value_or(sys::TerminalSize{.columns = 80, .rows = 24});
}

}  // namespace

Ui::Ui(const UiSettings& settings)
    : settings_(settings),
      out_style_(style_for(settings.color, settings.out_fd)),
      err_style_(style_for(settings.color, settings.err_fd)),
      progress_(sys::is_terminal(settings.err_fd) && sys::get_variable("TERM") != "dumb"
                    ? Progress::Form::bars
                    : Progress::Form::lines) {}

Ui::~Ui() {
  write_err(progress_.clear());
}

void Ui::write_err(std::string_view text) {
  if (!text.empty()) {
    // There is nowhere to tell that standard error does not take it.
    (void)write_to(settings_.err_fd, text);
  }
}

void Ui::line(std::string_view text) {
  write_err(progress_.above(text, size_of(settings_.err_fd)));
}

void Ui::data(std::string_view text) {
  if (out_failure_ || reader_left_) {
    return;
  }
  write_err(progress_.clear());
  auto written = write_to(settings_.out_fd, text);
  if (!written && written.error().sys_errno() == EPIPE) {
    reader_left_ = true;
  } else if (!written) {
    out_failure_ = written.error().context("cannot write to standard output");
  }
}

Result<void> Ui::out_status() const {
  if (out_failure_) {
    return fail(*out_failure_);
  }
  return {};
}

void Ui::document(const Json& json) {
  data(json::dump(json) + "\n");
}

void Ui::note(std::string_view message) {
  if (!is_quiet()) {
    line(text::sanitize(message) + "\n");
  }
}

void Ui::step(std::string_view message) {
  note(message);
}

void Ui::warn(std::string_view message, std::string_view hint) {
  if (warned_.insert(std::string(message)).second) {
    line(render_warning(message, hint, err_style_));
  }
}

void Ui::progress(std::string_view id,
                  std::string_view activity,
                  std::uint64_t done,
                  std::uint64_t total,
                  bool finished) {
  if (!is_quiet()) {
    write_err(progress_.update(id, activity, done, total, finished,
                               std::chrono::steady_clock::now(), size_of(settings_.err_fd)));
  }
}

void Ui::error(const Error& error, ErrorForm form) {
  // What was going on is over.
  std::string text = progress_.clear();
  if (form == ErrorForm::json) {
    text += json::dump(Json{{"error", image::error_to_json(error)}}, -1) + "\n";
  } else {
    text += render_error(error, err_style_);
  }
  write_err(text);
}

bool Ui::can_ask() const {
  return sys::is_terminal(settings_.in_fd) && sys::is_terminal(settings_.err_fd);
}

Result<bool> Ui::confirm(std::string_view question, std::string_view otherwise) {
  if (!can_ask()) {
    return fail(Error(ErrorCode::usage, format("nobody can be asked: {}", question))
                    .with_hint(format("answer yes with {}", otherwise)));
  }
  write_err(progress_.clear() + text::sanitize(question) + " [y/N] ");
  TRY_ASSIGN(const std::string answer, read_answer());
  const std::string word = text::to_lower(answer);
  return word == "y" || word == "yes";
}

Result<std::string> Ui::ask(std::string_view question, std::string_view preset) {
  const std::string shown = preset.empty() ? "" : format("[{}] ", preset);
  write_err(progress_.clear() + format("{} {}", text::sanitize(question), shown));
  TRY_ASSIGN(std::string answer, read_answer());
  return answer.empty() ? std::string(preset) : answer;
}

Result<std::string> Ui::ask_secret(std::string_view question) {
  write_err(progress_.clear() + format("{} ", text::sanitize(question)));
  auto answer = sys::read_hidden_line(settings_.in_fd);
  write_err("\n");
  return answer;
}

Result<std::string> Ui::read_answer() {
  std::string answer;
  std::array<char, 256> buffer{};
  // A terminal gives whole lines.
  while (answer.find('\n') == std::string::npos) {
    TRY_ASSIGN(const std::size_t count, sys::read_some(settings_.in_fd, buffer));
    if (count == 0) {
      write_err("\n");
      break;
    }
    answer.append(buffer.data(), count);
  }
  return std::string(text::trim(answer));
}

}  // namespace devenv::cmd
