// SPDX-License-Identifier: MIT
#include <unistd.h>

#include "cmd/guest/output.hpp"
#include "cmd/guest/sudo.hpp"

namespace devenv::guest {
namespace {

enum class Value { none, required, optional };

struct Option {
  char letter;
  std::string_view name;
  Value value;
};

constexpr Option kOptions[] = {
    {'A', "askpass", Value::none},
    {'b', "background", Value::none},
    {'B', "bell", Value::none},
    {'C', "close-from", Value::required},
    {'D', "chdir", Value::required},
    {'e', "edit", Value::none},
    {'E', "preserve-env", Value::optional},
    {'g', "group", Value::required},
    {'H', "set-home", Value::none},
    {'h', "help", Value::none},
    {'i', "login", Value::none},
    {'K', "remove-timestamp", Value::none},
    {'k', "reset-timestamp", Value::none},
    {'l', "list", Value::none},
    {'n', "non-interactive", Value::none},
    {'N', "no-update", Value::none},
    {'P', "preserve-groups", Value::none},
    {'p', "prompt", Value::required},
    {'S', "stdin", Value::none},
    {'s', "shell", Value::none},
    {'u', "user", Value::required},
    {'V', "version", Value::none},
    {'v', "validate", Value::none},
};

bool has_name(const char* word) {
  const std::string_view text(word);
  const std::size_t equals = text.find('=');
  return equals != std::string_view::npos && equals > 0;
}

class Parser {
 public:
  explicit Parser(Arguments arguments) : arguments_(arguments) {}

  std::optional<SudoOptions> parse() {
    for (; next_ < arguments_.size(); ++next_) {
      const std::string_view argument = arguments_[next_];
      if (argument == "--") {
        ++next_;
        break;
      }
      const bool option = argument.size() > 1 && argument.front() == '-';
      if (option && !(argument[1] == '-' ? parse_long(argument) : parse_letters(argument))) {
        return std::nullopt;
      }
      if (!option && !has_name(arguments_[next_])) {
        break;
      }
      if (!option) {
        options_.assignments.add(arguments_[next_]);
      }
    }
    // An option's value may have been the last argument.
    options_.command = arguments_.subspan(next_ < arguments_.size() ? next_ : arguments_.size());
    return check() ? std::optional(options_) : std::nullopt;
  }

 private:
  bool parse_letters(std::string_view argument) {
    for (std::size_t index = 1; index < argument.size(); ++index) {
      const Option* const option = find(argument[index]);
      if (option == nullptr) {
        const char letter[] = {argument[index]};
        complain("sudo", {"invalid option -- '", std::string_view(letter, 1), "'"});
        print_sudo_usage(STDERR_FILENO);
        return false;
      }
      // -E takes a list in its long form only.
      if (option->value != Value::required) {
        if (!apply(*option, nullptr)) {
          return false;
        }
        continue;
      }
      const char* const rest = argument.data() + index + 1;
      const char* const value = *rest != '\0' ? rest : take_argument();
      if (value == nullptr) {
        const char letter[] = {argument[index]};
        complain("sudo", {"option requires an argument -- '", std::string_view(letter, 1), "'"});
        print_sudo_usage(STDERR_FILENO);
        return false;
      }
      return apply(*option, value);
    }
    return true;
  }

  bool parse_long(std::string_view argument) {
    std::string_view rest = argument;
    rest.remove_prefix(2);
    const std::string_view name = take_field(rest, '=');
    const char* value = name.size() + 2 < argument.size() ? rest.data() : nullptr;
    const Option* const option = find(name);
    if (option == nullptr) {
      complain("sudo", {"unrecognized option '", argument, "'"});
      print_sudo_usage(STDERR_FILENO);
      return false;
    }
    if (option->value == Value::required && value == nullptr) {
      value = take_argument();
    }
    if ((option->value == Value::required && value == nullptr) ||
        (option->value == Value::none && value != nullptr)) {
      complain("sudo", {"option '--", option->name,
                        option->value == Value::none ? "' doesn't allow an argument"
                                                     : "' requires an argument"});
      print_sudo_usage(STDERR_FILENO);
      return false;
    }
    return apply(*option, value);
  }

  const char* take_argument() {
    return next_ + 1 < arguments_.size() ? arguments_[++next_] : nullptr;
  }

  static const Option* find(char letter) {
    for (const Option& option : kOptions) {
      if (option.letter == letter) {
        return &option;
      }
    }
    return nullptr;
  }

  /// By the whole name, or by a beginning that only one option has.
  static const Option* find(std::string_view name) {
    const Option* found = nullptr;
    for (const Option& option : kOptions) {
      if (option.name == name) {
        return &option;
      }
      if (option.name.starts_with(name)) {
        if (found != nullptr) {
          return nullptr;
        }
        found = &option;
      }
    }
    return name.empty() ? nullptr : found;
  }

  bool apply(const Option& option, const char* value) {
    switch (option.letter) {
      case 'b':
        options_.background = true;
        return true;
      case 'C':
        return set_close_from(value);
      case 'D':
        options_.directory = value;
        return true;
      case 'e':
        complain("sudo", {"this image has no sudo of its own, and without it -e is not available"});
        return false;
      case 'E':
        return keep_environment(value);
      case 'g':
        options_.group = value;
        return true;
      case 'H':
        options_.set_home = true;
        return true;
      case 'i':
        options_.login = true;
        return true;
      case 'k':
        forget_ = true;
        return true;
      case 'P':
        options_.keep_groups = true;
        return true;
      case 's':
        options_.shell = true;
        return true;
      case 'u':
        options_.user = value;
        return true;
      case 'h':
        return set_mode(SudoMode::help);
      case 'K':
        return set_mode(SudoMode::forget);
      case 'l':
        return set_mode(SudoMode::list);
      case 'V':
        return set_mode(SudoMode::version);
      case 'v':
        return set_mode(SudoMode::validate);
      default:
        // -A -B -n -N -p -S: about passwords, and none is ever asked.
        return true;
    }
  }

  bool set_mode(SudoMode mode) {
    if (options_.mode != SudoMode::run && options_.mode != mode) {
      complain("sudo", {"only one of the options -h, -K, -l, -V and -v may be given"});
      print_sudo_usage(STDERR_FILENO);
      return false;
    }
    options_.mode = mode;
    return true;
  }

  bool set_close_from(const char* value) {
    const auto number = parse_number(value, 1U << 30);
    if (!number || *number < 3) {
      complain("sudo", {"the argument to -C must be a number greater than or equal to 3"});
      return false;
    }
    options_.close_from = *number;
    return true;
  }

  bool keep_environment(const char* names) {
    if (names == nullptr) {
      options_.keep_environment = true;
      return true;
    }
    std::string_view rest = names;
    while (!rest.empty()) {
      options_.keep_names.add(take_field(rest, ','));
    }
    return true;
  }

  bool check() {
    const bool command = !options_.command.empty();
    const bool shell = options_.shell || options_.login;
    if (options_.shell && options_.login) {
      complain("sudo", {"you may not specify both the -i and -s options"});
      print_sudo_usage(STDERR_FILENO);
      return false;
    }
    if (options_.mode == SudoMode::run && forget_ && !command && !shell) {
      options_.mode = SudoMode::forget;
    }
    const bool takes_command = options_.mode == SudoMode::run || options_.mode == SudoMode::list;
    if ((command && !takes_command) || (options_.mode == SudoMode::run && !command && !shell)) {
      print_sudo_usage(STDERR_FILENO);
      return false;
    }
    return true;
  }

  Arguments arguments_;
  std::size_t next_ = 1;
  bool forget_ = false;  ///< -k, which other options may follow
  SudoOptions options_;
};

}  // namespace

std::optional<SudoOptions> parse_sudo_options(Arguments arguments) {
  return Parser(arguments).parse();
}

void print_sudo_usage(int fd) {
  print(fd, {"usage: sudo [-bEHnPS] [-C num] [-D directory] [-g group] [-p prompt] [-u user]\n"
             "            [VAR=value] [-i | -s] [command [arg ...]]\n"
             "       sudo -l [command]\n"
             "       sudo -h | -K | -k | -V | -v\n"});
}

}  // namespace devenv::guest
