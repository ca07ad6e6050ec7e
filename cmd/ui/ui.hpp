// SPDX-License-Identifier: MIT
// The only writer to standard output and standard error.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "cmd/ui/progress.hpp"
#include "cmd/ui/style.hpp"
#include "env/base/json.hpp"
#include "env/base/reporter.hpp"
#include "env/base/result.hpp"

namespace devenv::cmd {

enum class Verbosity { quiet, normal };
enum class ErrorForm { text, json };

struct UiSettings {
  int in_fd = 0;
  int out_fd = 1;
  int err_fd = 2;
  Verbosity verbosity = Verbosity::normal;
  ColorWhen color = ColorWhen::automatic;
};

/// Data goes to standard output; steps, warnings, errors, progress and questions to standard error.
/// A reader of standard output that left is no failure (out_status); standard error is written as
/// far as that is possible.
class Ui final : public Reporter {
 public:
  explicit Ui(const UiSettings& settings);
  /// Takes bars that are left off the screen.
  ~Ui() override;

  /// What was asked for: written as it is.
  void data(std::string_view text);
  /// One document in the form of `--json`.
  void document(const Json& json);
  /// Success and the next step, for people: "created 'web'". Not with --quiet.
  void note(std::string_view message);
  void error(const Error& error, ErrorForm form = ErrorForm::text);

  void step(std::string_view message) override;
  void warn(std::string_view message, std::string_view hint) override;
  void progress(std::string_view id,
                std::string_view activity,
                std::uint64_t done,
                std::uint64_t total,
                bool finished) override;

  /// Whether somebody is there to be asked: standard input and standard error are terminals.
  bool can_ask() const;
  /// A question with yes and no; anything but "y" and "yes" is no. `otherwise` is the flag that
  /// answers it. Errors: usage, naming the flag, when nobody can be asked.
  Result<bool> confirm(std::string_view question, std::string_view otherwise);

  /// A question with an answer of one line; an empty one is `preset`, which is shown if it is some.
  /// Only where can_ask().
  Result<std::string> ask(std::string_view question, std::string_view preset);

  /// The same, without showing what is typed. Interrupted, it leaves the terminal as it was.
  Result<std::string> ask_secret(std::string_view question);

  bool is_quiet() const { return settings_.verbosity == Verbosity::quiet; }
  /// How data is decorated.
  const Style& out_style() const { return out_style_; }
  /// The first failure of writing data (disk full...), unless the reader merely left.
  Result<void> out_status() const;

 private:
  void write_err(std::string_view text);
  /// A line of standard input; "" at its end.
  Result<std::string> read_answer();
  void line(std::string_view text);

  UiSettings settings_;
  Style out_style_;
  Style err_style_;
  Progress progress_;
  std::set<std::string> warned_;
  std::optional<Error> out_failure_;
  bool reader_left_ = false;
};

}  // namespace devenv::cmd
