// SPDX-License-Identifier: MIT
// A layer, compressed or not, unpacked for real: nothing may appear beside the root directory.
#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "env/image/codec/decompress.hpp"
#include "env/image/layer/unpack.hpp"
#include "env/sys/tree.hpp"
#include "tests/support/memory_source.hpp"

namespace {

/// In memory, because each input makes and removes a tree.
class Playground {
 public:
  Playground() { std::filesystem::create_directories(path_); }
  Playground(const Playground&) = delete;
  Playground& operator=(const Playground&) = delete;
  ~Playground() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/dev/shm/devenv-fuzz-" + std::to_string(::getpid());
};

void unpack(const std::string& root, std::string bytes) {
  namespace image = devenv::image;
  const int fd = ::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    std::abort();
  }
  devenv::test::MemorySource source(std::move(bytes));
  if (auto tar = image::decompress(source)) {
    const image::UnpackLimits limits{.max_bytes = 1U << 20U, .max_entries = 200};
    if (const auto unpacked = image::unpack_layer(**tar, fd, limits)) {
      static_cast<void>(image::finish_layer(fd, *unpacked, {}));
    }
  }
  ::close(fd);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Playground playground;
  const std::string root = playground.path() + "/root";
  std::filesystem::create_directory(root);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as text is the point
  unpack(root, std::string(reinterpret_cast<const char*>(data), size));
  if (const auto removed = devenv::sys::remove_tree(root); !removed) {
    std::fprintf(stderr, "%s\n", removed.error().to_line().c_str());
    std::abort();
  }
  if (!std::filesystem::is_empty(playground.path())) {
    std::fprintf(stderr, "something appeared beside the root\n");
    std::abort();
  }
  return 0;
}
