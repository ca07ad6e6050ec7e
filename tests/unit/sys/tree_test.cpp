// SPDX-License-Identifier: MIT
// Runs twice: with openat2, and under a filter that denies it (see CMakeLists.txt).
#include "env/sys/tree.hpp"

#include <doctest/doctest.h>
#include <linux/openat2.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "env/base/format.hpp"
#include "env/sys/process.hpp"
#include "tests/support/scratch.hpp"

using devenv::ErrorCode;
using devenv::test::Scratch;
namespace sys = devenv::sys;

namespace {

/// An image's root with every kind of link that could lead out of it, and a secret outside.
class HostileRoot {
 public:
  HostileRoot() {
    REQUIRE(sys::make_directories(scratch_ / "root/etc/deep"));
    REQUIRE(sys::make_directories(scratch_ / "root/usr/bin"));
    file("outside", "secret");
    file("root/etc/passwd", "inside");
    file("root/etc/deep/file", "deep");
    link("root/absolute", "/etc/passwd");
    link("root/up", "../../../../../../etc/passwd");
    link("root/out", "../outside");
    link("root/out-absolute", scratch_ / "outside");
    link("root/config", "/etc");
    link("root/usr/config", "../config/.");
    link("root/chain", "usr/config/../absolute");
    link("root/loop", "loop");
    link("root/ping", "pong");
    link("root/pong", "ping");
    link("root/dangling", "/etc/none");
    link("root/slash", "/");
    link("root/etc/slashes", "//etc//deep///..//deep/file");
    auto fd = sys::open_file(scratch_ / "root", O_PATH | O_DIRECTORY);
    REQUIRE(fd);
    fd_ = std::move(*fd);
  }

  int fd() const { return fd_.get(); }
  std::string operator/(const std::string& name) const { return scratch_ / ("root/" + name); }
  std::string outside() const { return *sys::read_file(scratch_ / "outside"); }

  void file(const std::string& name, std::string_view contents) {
    REQUIRE(sys::write_file_atomic(scratch_ / name, contents));
  }
  void link(const std::string& name, const std::string& target) {
    REQUIRE(::symlink(target.c_str(), (scratch_ / name).c_str()) == 0);
  }

 private:
  Scratch scratch_;
  sys::UniqueFd fd_;
};

/// The contents, or the errno's name.
std::string read_in(const HostileRoot& root, const std::string& path, int flags = O_RDONLY) {
  const auto fd = sys::open_in_root(root.fd(), path, flags);
  if (!fd) {
    return strerrorname_np(fd.error().sys_errno());
  }
  const auto contents = sys::read_all(fd->get());
  return contents ? *contents : strerrorname_np(contents.error().sys_errno());
}

}  // namespace

TEST_CASE("tree: the calls that a run is meant to miss are missing") {
  if (sys::get_variable("DEVENV_TEST_DENIED") == "openat2") {
    struct open_how how {};
    how.flags = O_RDONLY;
    CHECK(::syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how) == -1);
    CHECK(errno == ENOSYS);
  }
}

TEST_CASE("tree: links and dots are resolved inside the root") {
  const HostileRoot root;
  struct Row {
    std::string path;
    std::string result;
  };
  for (const Row& row : {
           Row{"etc/passwd", "inside"},
           Row{"/etc/passwd", "inside"},
           Row{"//etc//./passwd", "inside"},
           Row{"../../etc/passwd", "inside"},
           Row{"/../etc/../../etc/passwd", "inside"},
           Row{"absolute", "inside"},
           Row{"up", "inside"},
           Row{"config/passwd", "inside"},
           Row{"config/../../etc/passwd", "inside"},
           Row{"usr/config/passwd", "inside"},
           Row{"chain", "inside"},
           Row{"slash/slash/etc/passwd", "inside"},
           Row{"etc/slashes", "deep"},
           Row{"usr/bin/../../etc/deep/../passwd", "inside"},
           Row{"out", "ENOENT"},
           Row{"out-absolute", "ENOENT"},
           Row{"../outside", "ENOENT"},
           Row{"slash/../outside", "ENOENT"},
           Row{"config/../outside", "ENOENT"},
           Row{"none/../etc/passwd", "ENOENT"},
           Row{"dangling", "ENOENT"},
           Row{"loop", "ELOOP"},
           Row{"ping/x", "ELOOP"},
           Row{"etc/passwd/", "ENOTDIR"},
           Row{"etc/passwd/.", "ENOTDIR"},
           Row{"absolute/", "ENOTDIR"},
           Row{"etc/passwd/../passwd", "ENOTDIR"},
           Row{"etc", "EISDIR"},
           Row{"", "EISDIR"},
           Row{"/", "EISDIR"},
           Row{"..", "EISDIR"},
           Row{"slash", "EISDIR"},
       }) {
    CAPTURE(row.path);
    CHECK(read_in(root, row.path) == row.result);
  }
}

TEST_CASE("tree: directories are listed inside the root") {
  using Names = std::vector<std::string>;
  const HostileRoot root;
  const auto list = [&root](const std::string& path) {
    const auto names = sys::list_directory_in_root(root.fd(), path);
    return names ? *names : Names{strerrorname_np(names.error().sys_errno())};
  };
  CHECK(list("/etc") == Names{"deep", "passwd", "slashes"});
  CHECK(list("config/deep") == Names{"file"});
  CHECK(list("slash/../usr/config/../etc") == Names{"deep", "passwd", "slashes"});
  CHECK(list("usr/bin") == Names{});
  CHECK(list("none") == Names{"ENOENT"});
  CHECK(list("out") == Names{"ENOENT"});
  CHECK(list("etc/passwd") == Names{"ENOTDIR"});
  CHECK(list("loop") == Names{"ELOOP"});
}

TEST_CASE("tree: a last link is kept when that is asked for") {
  const HostileRoot root;
  CHECK(read_in(root, "absolute", O_RDONLY | O_NOFOLLOW) == "ELOOP");
  CHECK(read_in(root, "config/passwd", O_RDONLY | O_NOFOLLOW) == "inside");
  const auto link = sys::open_in_root(root.fd(), "absolute", O_PATH | O_NOFOLLOW);
  REQUIRE(link);
  CHECK(S_ISLNK(sys::stat_fd(link->get())->st_mode));
  const auto directory = sys::open_in_root(root.fd(), "config/", O_PATH | O_NOFOLLOW);
  REQUIRE(directory);
  CHECK(S_ISDIR(sys::stat_fd(directory->get())->st_mode));
}

TEST_CASE("tree: new files are made inside the root") {
  const HostileRoot root;
  const int flags = O_WRONLY | O_CREAT;
  REQUIRE(sys::open_in_root(root.fd(), "../../new", flags, 0600));
  CHECK(((*sys::stat_path(root / "new"))->st_mode & 07777U) == 0600U);
  // Through a link that leads nowhere yet; but never when the file has to be new.
  REQUIRE(sys::open_in_root(root.fd(), "dangling", flags, 0644));
  CHECK(sys::exists(root / "etc/none"));
  for (const char* path : {"absolute", "loop", "out", "etc/passwd"}) {
    CAPTURE(path);
    const auto made = sys::open_in_root(root.fd(), path, flags | O_EXCL, 0644);
    REQUIRE_FALSE(made);
    CHECK(made.error().sys_errno() == EEXIST);
  }
  REQUIRE(sys::open_in_root(root.fd(), "out-absolute", O_RDONLY).error().sys_errno() == ENOENT);
  CHECK(root.outside() == "secret");
}

TEST_CASE("tree: more than forty links are too many") {
  HostileRoot root;
  root.link("root/l0", "etc/passwd");
  for (int i = 1; i <= 40; ++i) {
    root.link(devenv::format("root/l{}", i), devenv::format("l{}", i - 1));
  }
  CHECK(read_in(root, "l39") == "inside");
  CHECK(read_in(root, "l40") == "ELOOP");
}

TEST_CASE("tree: the parent is resolved, the last component is not") {
  const HostileRoot root;
  const auto parent = sys::open_parent_in_root(root.fd(), "config/../absolute/");
  REQUIRE(parent);
  CHECK(parent->name == "absolute");
  CHECK(S_ISLNK((*sys::stat_at(parent->directory.get(), parent->name))->st_mode));
  for (const char* path : {"", "/", "..", "etc/..", "etc/.", "//"}) {
    CAPTURE(path);
    const auto none = sys::open_parent_in_root(root.fd(), path);
    REQUIRE_FALSE(none);
    CHECK(none.error().code() == ErrorCode::usage);
  }
  CHECK_FALSE(sys::open_parent_in_root(root.fd(), "none/x"));
}

TEST_CASE("tree: directories are made inside the root, through links to directories") {
  const HostileRoot root;
  const auto made = sys::make_directories_in_root(root.fd(), "/config/new/../new/deeper/", 0750);
  REQUIRE(made);
  const auto info = sys::stat_path(root / "etc/new/deeper");
  REQUIRE(*info);
  CHECK(sys::stat_fd(made->get())->st_ino == (*info)->st_ino);
  CHECK(((*info)->st_mode & 07777U) == 0750U);
  CHECK(sys::make_directories_in_root(root.fd(), "etc/deep"));
  CHECK(sys::make_directories_in_root(root.fd(), ""));
  for (const char* path :
       {"etc/passwd", "etc/passwd/x", "absolute/x", "dangling", "dangling/x", "loop/x", "out/x"}) {
    CAPTURE(path);
    const auto refused = sys::make_directories_in_root(root.fd(), path);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == ErrorCode::conflict);
  }
}

TEST_CASE("tree: modes of new directories do not depend on the umask") {
  const HostileRoot root;
  const mode_t before = ::umask(077);
  const auto made = sys::make_directories_in_root(root.fd(), "var/lib", 0755);
  ::umask(before);
  REQUIRE(made);
  CHECK(((*sys::stat_path(root / "var"))->st_mode & 07777U) == 0755U);
}

TEST_CASE("tree: only regular files are read") {
  HostileRoot root;
  CHECK(**sys::read_file_in_root(root.fd(), "absolute") == "inside");
  CHECK(*sys::read_file_in_root(root.fd(), "out") == std::nullopt);
  CHECK(*sys::read_file_in_root(root.fd(), "etc/passwd/x") == std::nullopt);
  REQUIRE(::mkfifo((root / "fifo").c_str(), 0644) == 0);
  root.link("root/etc/group", "../fifo");
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{.sun_family = AF_UNIX};
  const std::string socket_path = root / "socket";
  REQUIRE(socket_path.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, socket_path.c_str(), socket_path.size() + 1);
  REQUIRE(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  ::close(socket);
  for (const char* path : {"fifo", "etc/group", "etc", "socket"}) {
    CAPTURE(path);
    const auto refused = sys::read_file_in_root(root.fd(), path);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == ErrorCode::integrity);
  }
  CHECK(sys::read_file_in_root(root.fd(), "etc/passwd", 5).error().code() == ErrorCode::integrity);
  CHECK(sys::read_file_in_root(root.fd(), "loop").error().sys_errno() == ELOOP);
}

TEST_CASE("tree: writing keeps the mode of a file and replaces a link") {
  const HostileRoot root;
  REQUIRE(::chmod((root / "etc/passwd").c_str(), 0640) == 0);
  REQUIRE(sys::write_file_in_root(root.fd(), "config/passwd", "changed"));
  CHECK(sys::read_file(root / "etc/passwd") == "changed");
  CHECK(((*sys::stat_path(root / "etc/passwd"))->st_mode & 07777U) == 0640U);

  const mode_t before = ::umask(077);
  REQUIRE(sys::write_file_in_root(root.fd(), "out-absolute", "new", 0664));
  ::umask(before);
  CHECK(root.outside() == "secret");
  CHECK(S_ISREG((*sys::stat_at(AT_FDCWD, root / "out-absolute"))->st_mode));
  CHECK(((*sys::stat_path(root / "out-absolute"))->st_mode & 07777U) == 0664U);

  CHECK_FALSE(sys::write_file_in_root(root.fd(), "etc/deep", "x"));
  CHECK(sys::list_directory(root / "etc") == std::vector<std::string>{"deep", "passwd", "slashes"});
}

TEST_CASE("tree: writing is not led astray by a link at the temporary name") {
  HostileRoot root;
  root.link("root/etc/.passwd.devenv-tmp", root / "../outside");
  REQUIRE(sys::write_file_in_root(root.fd(), "etc/passwd", "changed"));
  CHECK(root.outside() == "secret");
  CHECK(sys::read_file(root / "etc/passwd") == "changed");
}

TEST_CASE("tree: links are made, replaced and left alone") {
  const HostileRoot root;
  const auto target = [&](const char* name) { return *sys::read_link(root / name); };
  REQUIRE(sys::make_symlink_in_root(root.fd(), "config/resolv.conf", "/run/host/etc/resolv.conf"));
  CHECK(target("etc/resolv.conf") == "/run/host/etc/resolv.conf");
  const auto before = sys::stat_at(AT_FDCWD, root / "etc/resolv.conf");
  REQUIRE(sys::make_symlink_in_root(root.fd(), "etc/resolv.conf", "/run/host/etc/resolv.conf"));
  CHECK((*sys::stat_at(AT_FDCWD, root / "etc/resolv.conf"))->st_ino == (*before)->st_ino);
  REQUIRE(sys::make_symlink_in_root(root.fd(), "etc/resolv.conf", "else"));
  CHECK(target("etc/resolv.conf") == "else");
  REQUIRE(sys::make_symlink_in_root(root.fd(), "etc/passwd", "x"));
  CHECK(target("etc/passwd") == "x");
  const auto refused = sys::make_symlink_in_root(root.fd(), "etc/deep", "x");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::conflict);
}
