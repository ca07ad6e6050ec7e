// SPDX-License-Identifier: MIT
// What the tests in real namespaces share. Checks inside a namespace run in a child process, where
// doctest cannot count them: they are EXPECTs, which make the child's work fail.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "env/base/format.hpp"
#include "env/base/result.hpp"
#include "env/sandbox/id_map.hpp"
#include "env/sandbox/storage.hpp"
#include "env/sys/file.hpp"

#define EXPECT(condition)                                                           \
  do {                                                                              \
    if (!(condition)) {                                                             \
      return ::devenv::fail(                                                        \
          ::devenv::ErrorCode::failed,                                              \
          ::devenv::format("{}:{}: not true: {}", __FILE__, __LINE__, #condition)); \
    }                                                                               \
  } while (false)

/// EXPECT for two strings or numbers that should be the same.
#define EXPECT_EQ(actual, expected)                                                         \
  do {                                                                                      \
    if (const auto actual_value = (actual); !(actual_value == (expected))) {                \
      return ::devenv::fail(::devenv::ErrorCode::failed,                                    \
                            ::devenv::format("{}:{}: {} is {}, not {}", __FILE__, __LINE__, \
                                             #actual, actual_value, (expected)));           \
    }                                                                                       \
  } while (false)

/// A Result without an error, which is printed.
#define CHECK_OK(result)                                                                  \
  do {                                                                                    \
    const auto& ok_result = (result);                                                     \
    CHECK_MESSAGE(ok_result.has_value(),                                                  \
                  (ok_result.has_value() ? std::string() : ok_result.error().to_line())); \
  } while (false)

namespace devenv::sandbox::testing {

/// The map of whoever runs the tests. Root gets one with ranges too: see maps_to_test.
IdMap own_map();

/// For an ordinary user the own map; for root without ranges also a keep-id map that root may
/// write.
std::vector<IdMap> maps_to_test();

/// A directory on a disk (TMPDIR or /var/tmp), emptied as root of the namespace at the end.
class Scratch {
 public:
  explicit Scratch(IdMap map);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return directory_->path(); }
  const IdMap& map() const { return map_; }

 private:
  IdMap map_;
  std::optional<sys::TemporaryDirectory> directory_;
};

/// upper, work, root and `layers` layers named by number below the directory; none is made.
RootLayout layout_in(const std::string& directory, std::size_t layers);

/// Writes a file below the directory, with its parents, as root:root 0644.
Result<void> put(const std::string& path, std::string_view contents);
Result<void> put_whiteout(const std::string& path);
Result<void> make_opaque(const std::string& directory);

/// The contents of a file below an open directory; "(none)" when there is no such file.
Result<std::string> text_at(int directory, const std::string& name);
/// The names in a directory below an open one, joined by blanks.
Result<std::string> names_at(int directory, const std::string& name);

/// Whether the test can run; says why not, and fails where a skip is a failure.
bool have_fuse();

}  // namespace devenv::sandbox::testing
