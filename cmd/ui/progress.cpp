// SPDX-License-Identifier: MIT
#include "cmd/ui/progress.hpp"

#include <algorithm>

#include "cmd/ui/table.hpp"
#include "env/base/byte_size.hpp"
#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::cmd {
namespace {

constexpr std::chrono::milliseconds kFrame{100};
constexpr std::size_t kMostBars = 8;  // an image can have 100 layers; a screen has 24 lines
constexpr std::size_t kActivityWidth = 11;
constexpr std::size_t kSizeWidth = 21;  // "1023.9 MiB / 1.9 GiB"
constexpr std::size_t kWidestBar = 40;
constexpr std::size_t kNarrowestBar = 8;

std::string size_text(std::uint64_t bytes) {
  return ByteSize{bytes}.to_string();
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t shown = display_width(text);
  text.append(width > shown ? width - shown : 0, ' ');
  return text;
}

/// "[#####     ]" of `width` columns with its brackets.
std::string bar(std::uint64_t done, std::uint64_t total, std::size_t width) {
  const std::size_t inner = width - 2;
  const double part = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const auto filled = static_cast<std::size_t>(part * static_cast<double>(inner));
  return "[" + std::string(filled, '#') + std::string(inner - filled, ' ') + "]";
}

/// The first `width` columns: a line that wraps would make the count of lines on the screen wrong.
std::string cut(const std::string& line, std::size_t width) {
  std::size_t shown = 0;
  std::size_t end = 0;
  while (end < line.size()) {
    const bool starts_character = (static_cast<unsigned char>(line[end]) & 0xc0U) != 0x80U;
    if (starts_character && shown++ == width) {
      break;
    }
    ++end;
  }
  return line.substr(0, end);
}

/// What a task that is over did: workers say what they do.
std::string past_tense(const std::string& activity) {
  constexpr std::string_view kPresent = "ing";
  if (!activity.ends_with(kPresent)) {
    return activity;
  }
  return activity.substr(0, activity.size() - kPresent.size()) + "ed";
}

}  // namespace

std::string Progress::update(std::string_view id,
                             std::string_view activity,
                             std::uint64_t done,
                             std::uint64_t total,
                             bool finished,
                             Time now,
                             sys::TerminalSize size) {
  const auto found =
      std::find_if(tasks_.begin(), tasks_.end(), [&](const Task& task) { return task.id == id; });
  Task task{std::string(id), std::string(activity), done, total};
  if (finished) {
    if (found != tasks_.end()) {
      tasks_.erase(found);
    }
    const std::uint64_t bytes = total != 0 ? total : done;
    const std::string amount = bytes == 0 ? "" : format(" ({})", size_text(bytes));
    return above(format("{} {}{}\n", text::sanitize(past_tense(task.activity)),
                        text::sanitize(task.id), amount),
                 size);
  }
  if (found == tasks_.end()) {
    tasks_.push_back(std::move(task));
  } else {
    *found = std::move(task);
  }
  if (form_ == Form::lines || (drawn_lines_ != 0 && now - last_drawn_ < kFrame)) {
    return "";
  }
  last_drawn_ = now;
  return above("", size);
}

std::string Progress::above(std::string_view text, sys::TerminalSize size) {
  // One after the other: the operands of + may be evaluated in any order.
  std::string output = erase();
  output += text;
  output += draw(size);
  return output;
}

std::string Progress::clear() {
  tasks_.clear();
  return erase();
}

std::string Progress::erase() {
  if (drawn_lines_ == 0) {
    return "";
  }
  // Cursor up, then erase to the end of the screen (ECMA-48, CUU and ED).
  return format("\x1b[{}A\r\x1b[J", std::exchange(drawn_lines_, 0));
}

std::string Progress::draw(sys::TerminalSize size) {
  if (form_ == Form::lines || tasks_.empty()) {
    return "";
  }
  // One column and one line stay free, so that nothing wraps or scrolls.
  const std::size_t columns = std::max(size.columns, 20U) - 1;
  const std::size_t most = std::clamp<std::size_t>(size.rows, 3, kMostBars + 2) - 2;
  std::size_t id_width = 0;
  for (const Task& task : tasks_) {
    id_width = std::max(id_width, display_width(task.id));
  }
  // Those that move come first: with many layers most of them wait.
  std::vector<const Task*> order;
  for (const Task& task : tasks_) {
    order.push_back(&task);
  }
  std::stable_partition(order.begin(), order.end(),
                        [](const Task* task) { return task->done > 0; });

  std::string lines;
  const std::size_t shown = std::min(order.size(), most);
  for (std::size_t index = 0; index < shown; ++index) {
    const Task& task = *order[index];
    const std::string amount = task.total == 0
                                   ? size_text(task.done)
                                   : size_text(task.done) + " / " + size_text(task.total);
    std::string line = padded(text::sanitize(task.id), id_width) + "  " +
                       padded(text::sanitize(task.activity), kActivityWidth) + "  " +
                       padded(amount, kSizeWidth);
    const std::size_t used = display_width(line) + 1;
    if (task.total != 0 && columns >= used + kNarrowestBar) {
      line += " " + bar(task.done, task.total, std::min(kWidestBar, columns - used));
    }
    lines += cut(line, columns) + "\n";
  }
  drawn_lines_ = shown;
  if (order.size() > shown) {
    lines += cut(format("and {} more", order.size() - shown), columns) + "\n";
    ++drawn_lines_;
  }
  return lines;
}

}  // namespace devenv::cmd
