// SPDX-License-Identifier: MIT
// Two layers of well-formed entries in any order, with few names so that they meet: what
// fuzz_layer does not reach, because a changed header has a wrong checksum.
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "env/image/layer/unpack.hpp"
#include "env/sys/file.hpp"
#include "env/sys/lean.hpp"
#include "env/sys/tree.hpp"
#include "tests/support/memory_source.hpp"
#include "tests/support/tar_builder.hpp"

namespace {

namespace image = devenv::image;
namespace sys = devenv::sys;

void require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "not true: %s\n", what);
    std::abort();
  }
}

/// Turns the fuzzer's bytes into choices; 0 when they are used up.
class Choices {
 public:
  Choices(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool done() const { return position_ >= size_; }
  unsigned below(unsigned limit) { return done() ? 0 : data_[position_++] % limit; }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t position_ = 0;
};

std::string path(Choices& choices) {
  static constexpr std::array<const char*, 9> kNames = {"a", "b",     "c",     "a",           "b",
                                                        "c", ".wh.a", ".wh.b", ".wh..wh..opq"};
  // An error ends the layer, so these are rare.
  static constexpr std::array<const char*, 3> kRefused = {"..", ".wh.", ".wh.."};
  std::string text = choices.below(8) == 7 ? "/" : "";
  const unsigned length = 1 + choices.below(4);
  for (unsigned i = 0; i < length; ++i) {
    const unsigned choice = choices.below(252);
    const char* const name =
        choice < 249 ? kNames.at(choice % kNames.size()) : kRefused.at(choice - 249);
    text += (i == 0 ? "" : "/") + std::string(name);
  }
  return text;
}

std::string layer(Choices& choices) {
  devenv::test::TarBuilder tar;
  const unsigned count = choices.below(32);
  for (unsigned i = 0; i < count && !choices.done(); ++i) {
    const unsigned kind = choices.below(8);
    const std::string name = path(choices);
    switch (kind) {
      case 0:
      case 1:
        tar.directory(name, {.mode = 0700 + choices.below(64)});
        break;
      case 2:
        tar.symlink(name, choices.below(4) == 3 ? "../" + path(choices) : path(choices));
        break;
      case 3:
      case 4:
        tar.hard_link(name, path(choices));
        break;
      case 5:
        tar.character_device(name, 0, 0);
        break;
      default:
        tar.file(name, "contents");
        break;
    }
  }
  return tar.finish();
}

void check_tree(int directory, bool below_opaque) {
  const bool opaque = below_opaque || sys::lean::has_xattr(directory, "user.overlay.opaque");
  const auto names = sys::list_directory("/proc/self/fd/" + std::to_string(directory));
  require(names.has_value(), "the directory can be listed");
  for (const std::string& name : *names) {
    require(!name.starts_with(".wh."), "no .wh. name is made");
    const auto info = sys::stat_at(directory, name);
    require(info && *info, "what is listed is there");
    if (S_ISCHR((*info)->st_mode)) {
      require((*info)->st_rdev == ::makedev(0, 0), "a device is a whiteout");
      require(!opaque, "no whiteout is in an opaque directory");
      require((*info)->st_nlink == 1, "no hard link is a whiteout");
    } else if (S_ISDIR((*info)->st_mode)) {
      const auto child = sys::open_at(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      require(child.has_value(), "a directory can be opened");
      check_tree(child->get(), opaque);
    }
  }
}

/// Whether it went well. If not, it must be the layer's fault.
template <typename T>
bool went_well(const devenv::Result<T>& result) {
  if (!result && result.error().code() != devenv::ErrorCode::integrity) {
    std::fprintf(stderr, "%s\n", result.error().to_line().c_str());
    std::abort();
  }
  return result.has_value();
}

bool unpack(int root, const std::string& tar, const std::vector<int>& lower) {
  devenv::test::MemorySource source(tar);
  const auto unpacked = image::unpack_layer(source, root, {});
  return went_well(unpacked) && went_well(image::finish_layer(root, *unpacked, lower));
}

/// In memory, because each input makes and removes a tree.
class Playground {
 public:
  Playground() { std::filesystem::create_directories(path_); }
  Playground(const Playground&) = delete;
  Playground& operator=(const Playground&) = delete;
  ~Playground() { std::filesystem::remove_all(path_); }
  sys::UniqueFd make(const std::string& name) const {
    std::filesystem::create_directory(path_ + "/" + name);
    auto fd = sys::open_file(path_ + "/" + name, O_RDONLY | O_DIRECTORY);
    require(fd.has_value(), "the playground is writable");
    return std::move(*fd);
  }
  void clear(const std::string& name) const {
    require(sys::remove_tree(path_ + "/" + name).has_value(), "the layer can be removed");
  }
  bool empty() const { return std::filesystem::is_empty(path_); }

 private:
  std::string path_ = "/dev/shm/devenv-fuzz-entries-" + std::to_string(::getpid());
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Playground playground;
  Choices choices(data, size);
  {
    const sys::UniqueFd below = playground.make("below");
    const sys::UniqueFd root = playground.make("root");
    if (unpack(below.get(), layer(choices), {})) {
      check_tree(below.get(), false);
      if (unpack(root.get(), layer(choices), {below.get()})) {
        check_tree(root.get(), false);
      }
    }
  }
  playground.clear("below");
  playground.clear("root");
  require(playground.empty(), "nothing appears beside the layers");
  return 0;
}
