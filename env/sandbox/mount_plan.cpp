// SPDX-License-Identifier: MIT
#include "env/sandbox/mount_plan.hpp"

#include "env/base/format.hpp"
#include "env/base/text.hpp"

namespace devenv::sandbox {
namespace {

std::string shown(const HostPath& path) {
  return text::sanitize(path.get());
}
std::string shown(const EnvPath& path) {
  return text::sanitize(path.get());
}

struct Describe {
  std::string operator()(const BindMount& op) const {
    return format("bind{} {} -> {}{}", op.presence == Presence::optional ? "?" : "",
                  shown(op.source), shown(op.target),
                  op.access == Access::read_only ? " (read-only)" : "");
  }
  std::string operator()(const TmpfsMount& op) const {
    return format("tmpfs {} mode={:o}", shown(op.target), op.mode);
  }
  std::string operator()(const MakeDirectory& op) const {
    return format("dir {} mode={:o} owner={}:{}", shown(op.path), op.mode, op.uid.get(),
                  op.gid.get());
  }
  std::string operator()(const MakeSymlink& op) const {
    return format("link{} {} -> {}", op.only_if_absent ? "?" : "", shown(op.path),
                  text::sanitize(op.target));
  }
  std::string operator()(const MakeFile& op) const {
    return format("file {} mode={:o} ({} bytes)", shown(op.path), op.mode, op.contents.size());
  }
  std::string operator()(const CopyProgram& op) const {
    return format("program {} -> {} mode={:o}", shown(op.source), shown(op.path), op.mode);
  }
  std::string operator()(const Hide& op) const { return format("hide {}", shown(op.path)); }
};

}  // namespace

std::string to_string(const MountOp& op) {
  return std::visit(Describe{}, op);
}

std::string to_string(const MountPlan& plan) {
  std::string text;
  for (const MountOp& op : plan) {
    text += to_string(op) + "\n";
  }
  return text;
}

}  // namespace devenv::sandbox
