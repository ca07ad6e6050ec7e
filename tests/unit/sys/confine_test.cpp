// SPDX-License-Identifier: MIT
#include "env/sys/confine.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <thread>

#include "env/sys/file.hpp"
#include "env/sys/process.hpp"
#include "tests/support/scratch.hpp"

namespace sys = devenv::sys;
using devenv::test::Scratch;

namespace {

/// In a process of its own: the number of the first step that did not go as it should, 0 if all
/// did.
int in_child(const std::function<int()>& body) {
  auto child = sys::fork_child(0, body);
  REQUIRE(child);
  const auto status = child->wait();
  REQUIRE(status);
  CHECK(status->signal == 0);
  return status->code;
}

bool fails_with(long result, int error) {
  return result == -1 && errno == error;
}

bool write_to(const char* path, const std::string& text) {
  const auto file = sys::open_file(path, O_WRONLY);
  return file && sys::write_all(file->get(), text).has_value();
}

constexpr int kNoLandlock = 77;

/// The code that `body` ends with in a process that may write nothing.
int in_reader(const std::function<int()>& body) {
  auto child = sys::fork_child(0, [&] {
    const auto done = sys::confine_writing();
    return !done ? 99 : !*done ? kNoLandlock : body();
  });
  REQUIRE(child);
  const auto status = child->wait();
  REQUIRE(status);
  CHECK(status->signal == 0);
  return status->code;
}

}  // namespace

TEST_CASE("confine: files outside of the directory are out of reach, those below are not") {
  const Scratch scratch;
  const std::string inside = scratch.path() + "/inside";
  const std::string outside = scratch.path() + "/outside";
  REQUIRE(sys::make_directories(inside + "/a"));
  REQUIRE(sys::make_directories(inside + "/b"));
  REQUIRE(sys::write_file_atomic(outside, "secret"));
  const auto directory = sys::open_file(inside, O_RDONLY | O_DIRECTORY);
  REQUIRE(directory);
  const auto already_open = sys::open_file(outside, O_RDONLY);
  REQUIRE(already_open);
  const int step = in_child([&] {
    const auto confined = sys::confine_files(directory->get());
    if (!confined) {
      return 1;
    }
    if (!*confined) {
      return kNoLandlock;
    }
    const int root = directory->get();
    if (!fails_with(::open(outside.c_str(), O_RDONLY), EACCES)) {
      return 2;
    }
    if (!fails_with(::openat(root, "../outside", O_RDONLY), EACCES)) {
      return 3;
    }
    if (!fails_with(::open((scratch.path() + "/new").c_str(), O_CREAT | O_WRONLY, 0600), EACCES)) {
      return 4;
    }
    if (::unlink(outside.c_str()) == 0 || ::rename(outside.c_str(), (inside + "/x").c_str()) == 0 ||
        ::link(outside.c_str(), (inside + "/x").c_str()) == 0) {
      return 5;
    }
    const int file = ::openat(root, "a/file", O_CREAT | O_RDWR, 0600);
    if (file < 0 || ::write(file, "x", 1) != 1 || ::ftruncate(file, 0) != 0) {
      return 6;
    }
    // Between directories: what layers are full of.
    if (::linkat(root, "a/file", root, "b/file", 0) != 0 ||
        ::renameat(root, "a/file", root, "b/other") != 0) {
      return 7;
    }
    if (::symlinkat("/etc", root, "a/link") != 0 || ::mkfifoat(root, "a/fifo", 0600) != 0 ||
        ::mkdirat(root, "a/directory", 0700) != 0 ||
        ::unlinkat(root, "a/directory", AT_REMOVEDIR) != 0) {
      return 8;
    }
    char byte = 0;
    return ::read(already_open->get(), &byte, 1) == 1 && byte == 's' ? 0 : 9;
  });
  if (step == kNoLandlock) {
    MESSAGE("this kernel has no Landlock");
    return;
  }
  CHECK(step == 0);
}

TEST_CASE("confine: a view has nothing but the directories that were named, where they were") {
  const Scratch scratch;
  const std::string mine = scratch / "a/mine";
  const std::string other = scratch / "other";
  REQUIRE(sys::make_directories(mine));
  REQUIRE(sys::make_directories(other));
  REQUIRE(sys::write_file_atomic(mine + "/file", "text"));
  REQUIRE(sys::write_file_atomic(scratch / "a/file", "secret"));
  const std::string user = std::to_string(::geteuid());
  const std::string group = std::to_string(::getegid());
  const auto body = [&] {
    // An ordinary user is root of a namespace that knows nobody else.
    if (::geteuid() != 0 && (!write_to("/proc/self/setgroups", "deny") ||
                             !write_to("/proc/self/uid_map", "0 " + user + " 1") ||
                             !write_to("/proc/self/gid_map", "0 " + group + " 1"))) {
      return 6;
    }
    if (!sys::confine_view({{.path = mine, .writable = true}, {.path = other}})) {
      return 1;
    }
    if (sys::read_file(mine + "/file").value_or("") != "text") {
      return 2;
    }
    if (!fails_with(::open((scratch / "a/file").c_str(), O_RDONLY), ENOENT) ||
        !fails_with(::open("/proc/self/status", O_RDONLY), ENOENT) ||
        !fails_with(::open((mine + "/../../a/file").c_str(), O_RDONLY), ENOENT)) {
      return 3;
    }
    if (!fails_with(::mkdir((other + "/new").c_str(), 0700), EROFS) ||
        !fails_with(::mkdir("/new", 0700), EROFS)) {
      return 4;
    }
    return ::mkdir((mine + "/new").c_str(), 0700) == 0 ? 0 : 5;
  };
  auto child = sys::fork_child(::geteuid() == 0 ? 0 : CLONE_NEWUSER, body);
  REQUIRE(child);
  const auto status = child->wait();
  REQUIRE(status);
  CHECK(status->code == 0);
  CHECK(sys::read_file(scratch / "a/file").value_or("") == "secret");
}

TEST_CASE("confine: no programs, sockets, namespaces, nor a look at other processes") {
  const int step = in_child([] {
    const auto confined = sys::confine_calls(sys::Paths::allowed);
    if (!confined || !*confined) {
      return 1;
    }
    char* const arguments[] = {nullptr};
    if (!fails_with(::execve("/bin/true", arguments, arguments), EPERM)) {
      return 2;
    }
    if (!fails_with(::socket(AF_INET, SOCK_STREAM, 0), EPERM) ||
        !fails_with(::socket(AF_UNIX, SOCK_STREAM, 0), EPERM)) {
      return 3;
    }
    if (!fails_with(::unshare(CLONE_NEWUSER), EPERM) ||
        !fails_with(::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), EPERM)) {
      return 4;
    }
    if (!fails_with(::syscall(SYS_ptrace, 0, 0, 0, 0), EPERM)) {
      return 5;
    }
    char letter = 'x';
    if (!fails_with(::ioctl(STDERR_FILENO, TIOCSTI, &letter), EPERM) ||
        !fails_with(::syscall(SYS_shmget, 1, 1, 0), EPERM)) {
      return 7;
    }
    int available = 0;
    int ends[2];
    if (::pipe(ends) != 0 || ::ioctl(ends[0], FIONREAD, &available) != 0) {
      return 8;
    }
    // Threads start by another call than clone3.
    int from_thread = 0;
    std::thread([&] {
      from_thread = fails_with(::socket(AF_INET, SOCK_STREAM, 0), EPERM) ? 1 : 2;
    }).join();
    return from_thread == 1 ? 0 : 6;
  });
  CHECK(step == 0);
}

TEST_CASE("confine: no file by its path, by the filter alone") {
  const Scratch scratch;
  const std::string file = scratch / "file";
  REQUIRE(sys::write_file_atomic(file, "text"));
  auto open = sys::open_file(file, O_RDWR);
  REQUIRE(open);
  const int step = in_child([&] {
    const auto confined = sys::confine_calls(sys::Paths::refused);
    if (!confined || !*confined) {
      return 1;
    }
    if (!fails_with(::open(file.c_str(), O_RDONLY), EPERM) ||
        !fails_with(::open((file + "2").c_str(), O_WRONLY | O_CREAT, 0600), EPERM)) {
      return 2;
    }
    if (!fails_with(::unlink(file.c_str()), EPERM) ||
        !fails_with(::chmod(file.c_str(), 0), EPERM) ||
        !fails_with(::truncate(file.c_str(), 0), EPERM) ||
        !fails_with(::rename(file.c_str(), (file + "2").c_str()), EPERM) ||
        !fails_with(::mkdir((file + "2").c_str(), 0700), EPERM)) {
      return 3;
    }
    return sys::read_all(open->get()).value_or("") == "text" ? 0 : 4;
  });
  CHECK(step == 0);
  CHECK(sys::read_file(file).value_or("") == "text");
}

TEST_CASE("confine writing: files are neither made nor changed nor removed, and still read") {
  const Scratch scratch;
  const std::string file = scratch / "file";
  REQUIRE(sys::write_file_atomic(file, "text"));
  auto open = sys::open_file(file, O_RDWR | O_APPEND);
  REQUIRE(open);
  const int code = in_reader([&] {
    const bool refused = !sys::open_file(scratch / "new", O_WRONLY | O_CREAT) &&
                         !sys::open_file(file, O_WRONLY) && !sys::remove_file(file) &&
                         !sys::make_directories(scratch / "directory") &&
                         !sys::rename_path(file, scratch / "other");
    const bool read = sys::read_file(file).value_or("") == "text";
    // What was open before stays as it was: a pipe to write to, above all.
    const bool written = sys::write_all(open->get(), " more").has_value();
    return refused && read && written ? 0 : 1;
  });
  CHECK((code == 0 || code == kNoLandlock));
  CHECK(sys::read_file(file).value_or("").starts_with("text"));
  CHECK(!sys::exists(scratch / "new"));
}

TEST_CASE("confine writing: also for programs that are started") {
  const Scratch scratch;
  const int code = in_reader([&] {
    const auto run =
        sys::run_captured({.argv = {"sh", "-c", "echo said; : >\"$1\"", "sh", scratch / "new"}});
    return run && run->out == "said\n" && !run->status.success() ? 0 : 1;
  });
  CHECK((code == 0 || code == kNoLandlock));
  CHECK(!sys::exists(scratch / "new"));
}
