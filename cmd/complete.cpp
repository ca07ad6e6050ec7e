// SPDX-License-Identifier: MIT
#include "cmd/complete.hpp"

#include <algorithm>

#include "cmd/commands.hpp"
#include "cmd/describe.hpp"
#include "env/host/shares.hpp"

namespace devenv::cmd {
namespace {

using Candidates = std::vector<Candidate>;

void append(Candidates& all, Candidates more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

Candidates choices(const std::string& joined) {
  Candidates all;
  for (const std::string_view choice : text::split(joined, '|')) {
    all.push_back({std::string(choice), ""});
  }
  return all;
}

bool is_choices(const std::string& kind) {
  return kind.find_first_not_of("abcdefghijklmnopqrstuvwxyz-|") == std::string::npos;
}

/// Profiles, or the releases of the one that is named before a colon.
Candidates profiles_or_releases(const std::string& typed, CandidateSource& source) {
  const std::size_t colon = typed.find(':');
  return colon == std::string::npos ? source.profiles() : source.releases(typed.substr(0, colon));
}

Candidates command_candidates(const std::string& family) {
  Candidates all;
  for (const Command& command : commands()) {
    if (command.group == Group::hidden || command.family() != family) {
      continue;
    }
    const std::string path(command.path);
    all.push_back(
        {family.empty() ? path : path.substr(family.size() + 1), std::string(command.summary)});
  }
  if (family.empty()) {
    for (const Family& each : families()) {
      all.push_back({std::string(each.name), std::string(each.summary)});
    }
  }
  return all;
}

Candidates values(const std::string& kind, const std::string& typed, CandidateSource& source) {
  if (kind == kind::kEnvironment) {
    return source.environments();
  }
  if (kind == kind::kImage || kind == kind::kImageOrFile) {
    return source.images();
  }
  if (kind == kind::kProfile || kind == kind::kProfileOrFile) {
    return source.profiles();
  }
  if (kind == kind::kRelease || kind == kind::kNewName) {
    return profiles_or_releases(typed, source);
  }
  if (kind == kind::kShare) {
    Candidates all;
    for (const host::Share& share : host::all_shares()) {
      all.push_back({std::string(share.name), std::string(share.summary)});
    }
    return all;
  }
  if (kind == kind::kTarget) {
    Candidates all = source.environments();
    append(all, profiles_or_releases(typed, source));
    append(all, source.images());
    return all;
  }
  return !kind.empty() && is_choices(kind) ? choices(kind) : Candidates{};
}

const FlagDescription* find_flag(const std::vector<FlagDescription>& flags,
                                 const std::string& name) {
  for (const FlagDescription& flag : flags) {
    if (std::find(flag.names.begin(), flag.names.end(), name) != flag.names.end()) {
      return &flag;
    }
  }
  return nullptr;
}

Candidates flag_candidates(const std::vector<FlagDescription>& flags) {
  Candidates all;
  for (const FlagDescription& flag : flags) {
    all.push_back({flag.names.back(), flag.text});  // the long one
  }
  return all;
}

/// Walks over the words of one command up to the last one, as the parser would.
class Reader {
 public:
  Reader(const Command& command, const CommandDescription& description)
      : rest_(command.rest), description_(description) {}

  /// One finished word.
  void take(const std::string& word) {
    if (belongs_to_command_) {
      return;
    }
    if (waiting_for_ != nullptr) {
      waiting_for_ = nullptr;
    } else if (!only_arguments_ && word == "--") {
      only_arguments_ = true;
      belongs_to_command_ =
          rest_ == Rest::after_separator || rest_ == Rest::after_optional_argument;
    } else if (!only_arguments_ && word.size() > 1 && word[0] == '-') {
      const FlagDescription* flag = find_flag(description_.flags, word);
      waiting_for_ = flag != nullptr && !flag->value.empty() ? flag : nullptr;
    } else {
      ++arguments_;
      belongs_to_command_ =
          rest_ == Rest::after_first_argument || rest_ == Rest::after_optional_argument;
    }
  }

  Candidates answer(const std::string& typed, CandidateSource& source) const {
    if (belongs_to_command_) {
      return {};
    }
    if (waiting_for_ != nullptr) {
      return values(waiting_for_->value, typed, source);
    }
    if (!only_arguments_ && typed.starts_with('-')) {
      return flags(typed, source);
    }
    return argument(typed, source);
  }

 private:
  Candidates flags(const std::string& typed, CandidateSource& source) const {
    const std::size_t equals = typed.find('=');
    if (equals == std::string::npos) {
      return flag_candidates(description_.flags);
    }
    const std::string name = typed.substr(0, equals);
    const FlagDescription* flag = find_flag(description_.flags, name);
    if (flag == nullptr || flag->value.empty()) {
      return {};
    }
    Candidates all = values(flag->value, typed.substr(equals + 1), source);
    for (Candidate& candidate : all) {
      candidate.text.insert(0, name + "=");
    }
    return all;
  }

  Candidates argument(const std::string& typed, CandidateSource& source) const {
    const auto& arguments = description_.arguments;
    if (arguments.empty()) {
      return {};
    }
    const std::size_t index = std::min(arguments_, arguments.size() - 1);
    const ArgumentDescription& wanted = arguments[index];
    if (arguments_ > index && !wanted.repeated) {
      return {};
    }
    return wanted.kind == "COMMAND-NAME" ? command_candidates("")
                                         : values(wanted.kind, typed, source);
  }

  Rest rest_;
  const CommandDescription& description_;
  const FlagDescription* waiting_for_ = nullptr;
  bool only_arguments_ = false;
  bool belongs_to_command_ = false;
  std::size_t arguments_ = 0;
};

/// All candidates, those that do not fit included.
Candidates candidates(const std::vector<std::string>& words, CandidateSource& source) {
  const std::string& typed = words.back();
  std::string path;
  std::size_t index = 0;
  const Command* command = nullptr;
  const std::vector<FlagDescription> globals = global_flags();
  for (; index + 1 < words.size() && command == nullptr; ++index) {
    if (words[index].starts_with('-')) {
      const FlagDescription* flag = find_flag(globals, words[index]);
      if (flag != nullptr && !flag->value.empty()) {
        if (++index + 1 >= words.size()) {
          return values(flag->value, typed, source);
        }
      }
      continue;
    }
    path += (path.empty() ? "" : " ") + words[index];
    command = find_command(path);
    if (command == nullptr && find_family(path) == nullptr) {
      return {};
    }
  }
  if (command == nullptr) {
    return typed.starts_with('-') ? flag_candidates(globals) : command_candidates(path);
  }
  const CommandDescription description = describe(*command);
  Reader reader(*command, description);
  for (; index + 1 < words.size(); ++index) {
    reader.take(words[index]);
  }
  return reader.answer(typed, source);
}

}  // namespace

std::vector<Candidate> complete(const std::vector<std::string>& words, CandidateSource& source) {
  if (words.empty()) {
    return {};
  }
  Candidates fitting;
  for (Candidate& candidate : candidates(words, source)) {
    const auto same = [&](const Candidate& other) { return other.text == candidate.text; };
    if (candidate.text.starts_with(words.back()) &&
        std::none_of(fitting.begin(), fitting.end(), same)) {
      fitting.push_back(std::move(candidate));
    }
  }
  return fitting;
}

void add_complete(CLI::App& /*app*/, CompleteOptions& /*options*/) {}

}  // namespace devenv::cmd
