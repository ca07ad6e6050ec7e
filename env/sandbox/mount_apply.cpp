// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include <cerrno>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/sandbox/mount_plan.hpp"
#include "env/sandbox/mount_target.hpp"
#include "env/sys/entry.hpp"
#include "env/sys/file.hpp"
#include "env/sys/mounts.hpp"
#include "env/sys/tree.hpp"

namespace devenv::sandbox {
namespace {

using Source = OpenedPlan::Source;

Result<Source> open_source(std::size_t index, const BindMount& op) {
  // With everything below: a copy without it would be refused, as mounts of the host must not
  // uncover what they hide. Changes of the host arrive, because this namespace is a slave.
  TRY_ASSIGN(sys::UniqueFd mount, sys::clone_mount(op.source.get(), sys::Recursion::yes));
  TRY_ASSIGN(const struct stat info, sys::stat_fd(mount.get()));
  return Source{index, std::move(mount), S_ISDIR(info.st_mode)};
}

Result<Source> open_source(std::size_t index, const CopyProgram& op) {
  TRY_ASSIGN(sys::UniqueFd file, sys::open_file(op.source.get(), O_RDONLY));
  return Source{index, std::move(file), false};
}

/// Carries out one operation in the root. `source` is null where there is none.
class Apply {
 public:
  Apply(Root& root, const Source* source) : root_(root), source_(source) {}

  Result<void> operator()(const BindMount& op) const {
    if (source_ == nullptr) {
      return {};  // optional and not there
    }
    if (op.through_links == ThroughLinks::no) {
      TRY(refuse_links(root_, op.target.get()));
    }
    TRY_ASSIGN(const sys::UniqueFd target, source_->is_directory
                                               ? directory_target(root_, op.target.get())
                                               : file_target(root_, op.target.get()));
    TRY(sys::attach_mount(source_->fd.get(), target.get()));
    if (op.access == Access::read_only) {
      TRY(sys::make_read_only(source_->fd.get(), sys::Recursion::yes));
    }
    return {};
  }

  Result<void> operator()(const TmpfsMount& op) const {
    TRY_ASSIGN(const sys::UniqueFd target, directory_target(root_, op.target.get()));
    TRY_ASSIGN(
        const sys::UniqueFd mount,
        sys::create_file_system(
            "tmpfs",
            {{"source", "devenv"}, {"mode", format("{:o}", op.mode)}, {"uid", "0"}, {"gid", "0"}}));
    TRY(sys::attach_mount(mount.get(), target.get()));
    root_.add_own_mount(mount.get());
    return {};
  }

  Result<void> operator()(const MakeDirectory& op) const {
    if (op.replace_link) {
      TRY(remove_link(op.path.get()));
    }
    if (const auto there = sys::open_in_root(root_.fd(), op.path.get(), O_PATH | O_DIRECTORY)) {
      return {};
    }
    TRY_ASSIGN(const sys::UniqueFd made, directory_target(root_, op.path.get()));
    TRY(sys::set_owner_at(made.get(), ".", op.uid.get(), op.gid.get()));
    return sys::set_mode_at(made.get(), ".", op.mode);
  }

  Result<void> operator()(const MakeSymlink& op) const {
    TRY_ASSIGN(const sys::ParentInRoot parent, parent_target(root_, op.path.get()));
    const int directory = parent.directory.get();
    TRY_ASSIGN(const auto info, sys::stat_at(directory, parent.name));
    if (info && op.only_if_absent) {
      return {};
    }
    if (info && S_ISLNK(info->st_mode)) {
      TRY_ASSIGN(const std::string current, sys::read_link_at(directory, parent.name));
      if (current == op.target) {
        return {};  // setting the owner again would copy the link up
      }
    }
    TRY(sys::make_symlink_in_root(root_.fd(), op.path.get(), op.target));
    return sys::set_owner_at(directory, parent.name, 0, 0);
  }

  Result<void> operator()(const MakeFile& op) const {
    return replace_file(root_, op.path.get(), op.mode,
                        [&op](int file) { return sys::write_all(file, op.contents); });
  }

  Result<void> operator()(const CopyProgram& op) const {
    const int source = source_->fd.get();
    return replace_file(root_, op.path.get(), op.mode,
                        [source](int file) { return sys::copy_contents(source, file); });
  }

  Result<void> operator()(const Hide& op) const {
    const std::string& pattern = op.path.get();
    if (!pattern.ends_with('*')) {
      return hide(pattern);
    }
    const std::string directory = pattern.substr(0, pattern.find_last_of('/'));
    const auto last = std::string_view(pattern).substr(directory.size() + 1);
    const auto opened = sys::open_in_root(root_.fd(), directory, O_RDONLY | O_DIRECTORY);
    if (!opened) {
      return {};
    }
    TRY_ASSIGN(const auto names, sys::list_directory(format("/proc/self/fd/{}", opened->get())));
    for (const std::string& name : names) {
      if (text::fits(name, last)) {
        TRY(hide(directory + "/" + name));
      }
    }
    return {};
  }

 private:
  Result<void> hide(const std::string& path) const {
    const auto target = sys::open_in_root(root_.fd(), path, O_PATH);
    if (!target) {
      return {};
    }
    TRY_ASSIGN(const struct stat info, sys::stat_fd(target->get()));
    if (S_ISDIR(info.st_mode)) {
      TRY_ASSIGN(const sys::UniqueFd empty,
                 sys::create_file_system("tmpfs", {{"source", "devenv"}, {"mode", "755"}}));
      return sys::attach_mount(empty.get(), target->get());
    }
    TRY_ASSIGN(const sys::UniqueFd file, sys::open_in_root(root_.fd(), kNothingInside, O_PATH));
    TRY_ASSIGN(const sys::UniqueFd nothing,
               sys::clone_mount(format("/proc/self/fd/{}", file.get()), sys::Recursion::no));
    return sys::attach_mount(nothing.get(), target->get());
  }

  Result<void> remove_link(const std::string& path) const {
    TRY_ASSIGN(const sys::ParentInRoot parent, sys::open_parent_in_root(root_.fd(), path));
    TRY_ASSIGN(const auto info, sys::stat_at(parent.directory.get(), parent.name));
    return info && S_ISLNK(info->st_mode) ? sys::remove_file_at(parent.directory.get(), parent.name)
                                          : Result<void>();
  }

  Root& root_;
  const Source* source_;
};

bool is_optional(const MountOp& op) {
  const auto* bind = std::get_if<BindMount>(&op);
  const auto* link = std::get_if<MakeSymlink>(&op);
  return (bind != nullptr && bind->presence == Presence::optional) ||
         (link != nullptr && link->presence == Presence::optional);
}

std::string skipped_line(const MountOp& op, const Error& error) {
  return format("{}: {}", to_string(op), error.to_line());
}

}  // namespace

Result<OpenedPlan> open_sources(MountPlan plan) {
  OpenedPlan opened;
  opened.plan = std::move(plan);
  for (std::size_t i = 0; i < opened.plan.size(); ++i) {
    const MountOp& op = opened.plan[i];
    const auto* bind = std::get_if<BindMount>(&op);
    const auto* program = std::get_if<CopyProgram>(&op);
    if (bind == nullptr && program == nullptr) {
      continue;
    }
    auto source = bind != nullptr ? open_source(i, *bind) : open_source(i, *program);
    if (source) {
      opened.sources.push_back(std::move(*source));
    } else if (!is_optional(op)) {
      return fail(source.error().context(format("cannot set up '{}'", to_string(op))));
    } else if (source.error().sys_errno() != ENOENT && source.error().sys_errno() != ENOTDIR) {
      opened.skipped.push_back(skipped_line(op, source.error()));
    }
  }
  return opened;
}

Result<std::vector<std::string>> apply(OpenedPlan plan, int root_directory) {
  Root root(root_directory);
  auto next = plan.sources.begin();
  for (std::size_t i = 0; i < plan.plan.size(); ++i) {
    const MountOp& op = plan.plan[i];
    const bool has_source = next != plan.sources.end() && next->index == i;
    const auto done = std::visit(Apply(root, has_source ? &*next : nullptr), op);
    if (!done && !is_optional(op)) {
      return fail(done.error().context(format("cannot set up '{}'", to_string(op))));
    }
    if (!done) {
      plan.skipped.push_back(skipped_line(op, done.error()));
    }
    if (has_source) {
      ++next;
    }
  }
  return std::move(plan.skipped);
}

}  // namespace devenv::sandbox
