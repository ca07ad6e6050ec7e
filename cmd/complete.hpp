// SPDX-License-Identifier: MIT
// Hidden: devenv __complete -- WORD..., the question that completion scripts ask.
#pragma once

#include <string>
#include <vector>

#include "cmd/cli.hpp"

namespace devenv::cmd {

struct CompleteOptions {
  std::vector<std::string> command;  ///< the words after "devenv", the one being typed last
};
void add_complete(CLI::App& app, CompleteOptions& options);
/// Prints "candidate<TAB>description" lines. Never fails and never writes to standard error.
Result<ExitCode> run_complete(const CompleteOptions& options, Context& context);

struct Candidate {
  std::string text;
  std::string description;
  bool operator==(const Candidate&) const = default;
};

/// What the program's data offers. Asked only for what the command line needs.
class CandidateSource {
 public:
  CandidateSource() = default;
  CandidateSource(const CandidateSource&) = delete;
  CandidateSource& operator=(const CandidateSource&) = delete;
  virtual ~CandidateSource() = default;

  virtual std::vector<Candidate> environments() = 0;
  virtual std::vector<Candidate> profiles() = 0;
  /// "fedora:43"... of one profile.
  virtual std::vector<Candidate> releases(const std::string& profile) = 0;
  virtual std::vector<Candidate> images() = 0;
};

/// Everything that can stand in place of the last of `words` and starts with it. Empty where the
/// shell should offer what it offers anyway: files, and commands inside an environment.
std::vector<Candidate> complete(const std::vector<std::string>& words, CandidateSource& source);

}  // namespace devenv::cmd
