// SPDX-License-Identifier: MIT
#include "env/session/ssh.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "env/session/ssh_client.hpp"
#include "env/sys/file.hpp"
#include "env/sys/process.hpp"
#include "tests/support/scratch.hpp"

namespace devenv::session {
namespace {

constexpr const char* kKey = "ssh-ed25519 AAAA devenv";

std::string first_line(const std::vector<std::string>& variables) {
  const std::string text = authorized_keys(kKey, variables);
  return text.substr(0, text.find('\n'));
}

mode_t mode_of(const std::string& path) {
  return (*sys::stat_path(path))->st_mode & 07777;
}

}  // namespace

TEST_CASE("authorized_keys: with the variables, and again without") {
  CHECK(authorized_keys(kKey, {"A=1", "PATH=/bin:/run/devenv/bin"}) ==
        "environment=\"A=1\",environment=\"PATH=/bin:/run/devenv/bin\" ssh-ed25519 AAAA devenv\n"
        "ssh-ed25519 AAAA devenv\n");
}

TEST_CASE("authorized_keys: quoting") {
  struct Row {
    std::string variable;
    std::string quoted;
  };
  const std::vector<Row> rows = {
      {"A=", "A="},
      {"A=b c", "A=b c"},
      {"A=say \"hi\"", "A=say \\\"hi\\\""},
      {"A=C:\\dir", "A=C:\\dir"},
      {"A=\\\"", "A=\\\\\""},
      {"A='#,=", "A='#,="},
      {"A=\xc3\xa4\xff", "A=\xc3\xa4\xff"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.variable);
    CHECK(first_line({row.variable}) == "environment=\"" + row.quoted + "\" " + kKey);
  }
}

TEST_CASE("authorized_keys: what is left out") {
  for (const char* variable :
       {"A=two\nlines", "A=return\r", "A=end\\", "A-B=1", "BASH_FUNC_x%%=() { :; }", "=x", "A",
        "TERM=xterm", "PWD=/", "SHLVL=2", "HOME=/h", "SHELL=/bin/sh", "SSH_CLIENT=1 2 3",
        "SSH_CONNECTION=1", "SSH_TTY=/dev/pts/1", "SSH_ORIGINAL_COMMAND=x"}) {
    CAPTURE(variable);
    CHECK(first_line({variable}) == std::string(" ") + kKey);
  }
  CHECK(first_line({"SSH_AUTH_SOCK=/a", "TERMINFO_DIRS=/b"}) ==
        "environment=\"SSH_AUTH_SOCK=/a\",environment=\"TERMINFO_DIRS=/b\" " + std::string(kKey));
}

TEST_CASE("sshd_config: root only for root") {
  CHECK(sshd_config(HostUid(1000)).find("PermitRootLogin no\n") != std::string::npos);
  CHECK(sshd_config(HostUid(0)).find("PermitRootLogin yes\n") != std::string::npos);
}

TEST_CASE("ssh host: an environment's name, with or without the suffix") {
  CHECK(environment_of_host("web.devenv") == "web");
  CHECK(environment_of_host("web") == "web");
  CHECK(environment_of_host("a.b.devenv") == "a.b");
  CHECK(environment_of_host(".devenv") == ".devenv");
  CHECK(environment_of_host("web.devenv.devenv") == "web.devenv");
}

TEST_CASE("ssh_config: the whole block") {
  const auto config =
      ssh_client_config({.directory = "/home/al ice/100%/ssh"}, "/opt/it's 5%/devenv", "AD\\alice");
  REQUIRE(config);
  CHECK(*config ==
        "# Written by devenv: ssh NAME.devenv is a session in the environment NAME.\n"
        "Host *.devenv\n"
        "  ProxyCommand '/opt/it'\\''s 5%%/devenv' ssh-proxy '%n'\n"
        "  User \"AD\\\\alice\"\n"
        "  IdentityFile \"/home/al ice/100%%/ssh/client_key\"\n"
        "  IdentitiesOnly yes\n"
        "  PreferredAuthentications publickey\n"
        "  HostKeyAlias devenv\n"
        "  UserKnownHostsFile \"/home/al ice/100%%/ssh/known_hosts\"\n"
        "  GlobalKnownHostsFile /dev/null\n"
        "  StrictHostKeyChecking yes\n"
        "  CheckHostIP no\n");
  CHECK_FALSE(ssh_client_config({.directory = "/two\nlines"}, "/devenv", "alice"));
}

TEST_CASE("ssh_config: the line that includes it is a pattern for that path") {
  CHECK(ssh_include_line({.directory = "/home/al ice/ssh"}) ==
        "Include \"/home/al ice/ssh/config\"");
  CHECK(ssh_include_line({.directory = "/a[b]*/c\"d'/50%/$x\\y"}) ==
        "Include \"/a?b]?/c?d?/50?/?x?y/config\"");
}

TEST_CASE("ssh_config: the line comes and goes") {
  const std::string line = "Include \"/d/config\"";
  for (const std::string text : {"", "Host a\n  Port 1\n", "Host a", "\n\n# end\r\n"}) {
    CAPTURE(text);
    const std::string with = with_include(text, line);
    CHECK(with == line + "\n" + text);
    CHECK(with_include(with, line) == with);
    CHECK(without_include(with, line) == text);
    CHECK(without_include(text, line) == text);
  }
  CHECK(without_include("  " + line + "\n" + line, line) == "  " + line + "\n");
}

TEST_CASE("ssh_config: install and remove keep bytes, mode and links") {
  const test::Scratch scratch;
  const SshFiles files{.directory = scratch.path() + "/data"};
  REQUIRE(sys::make_directories(files.directory));
  const std::string real = scratch.path() + "/dotfiles";
  const std::string file = scratch.path() + "/home/.ssh/config";

  // There is nothing yet.
  CHECK(install_ssh_config(files, "block\n", file) == true);
  CHECK(mode_of(scratch.path() + "/home/.ssh") == 0700);
  CHECK(mode_of(file) == 0600);
  CHECK(mode_of(files.config()) == 0600);
  CHECK(*sys::read_file(files.config()) == "block\n");
  CHECK(install_ssh_config(files, "new\n", file) == false);
  CHECK(*sys::read_file(files.config()) == "new\n");
  CHECK(remove_ssh_config(files, file) == true);
  CHECK(*sys::read_file(file) == "");
  CHECK_FALSE(sys::exists(files.config()));
  CHECK(remove_ssh_config(files, file) == false);

  // A link into a repository of dot files.
  REQUIRE(sys::remove_file(file));
  REQUIRE(sys::write_file_atomic(real, "Host x\r\n  Port 2", 0644));
  std::filesystem::create_symlink(real, file);
  CHECK(install_ssh_config(files, "block\n", file) == true);
  CHECK(sys::read_link(file) == real);
  CHECK(*sys::read_file(real) == ssh_include_line(files) + "\nHost x\r\n  Port 2");
  CHECK(mode_of(real) == 0644);
  CHECK(remove_ssh_config(files, file) == true);
  CHECK(*sys::read_file(real) == "Host x\r\n  Port 2");
  CHECK(sys::read_link(file) == real);

  // A link to nowhere is not replaced.
  REQUIRE(sys::remove_file(real));
  const auto refused = install_ssh_config(files, "block\n", file);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().hint().find(ssh_include_line(files)) != std::string::npos);
  CHECK(sys::read_link(file) == real);
}

TEST_CASE("ssh keys: made once") {
  REQUIRE(sys::find_program("ssh-keygen"));
  const test::Scratch scratch;
  const SshFiles files = ssh_files(scratch.path() + "/data");
  const auto first = ensure_ssh_keys(files);
  REQUIRE(first);
  CHECK(first->client_public.starts_with("ssh-ed25519 "));
  CHECK(first->client_public.ends_with(" devenv"));
  CHECK(mode_of(files.directory) == 0700);
  for (const std::string& path : {files.client_key(), files.host_key(), files.known_hosts()}) {
    CHECK(mode_of(path) == 0600);
  }
  CHECK(sys::read_file(files.known_hosts())->starts_with("devenv ssh-ed25519 "));
  const auto second = ensure_ssh_keys(files);
  REQUIRE(second);
  CHECK(second->host_private == first->host_private);
  CHECK(second->client_public == first->client_public);
  // Half a pair is none.
  REQUIRE(sys::remove_file(files.host_key() + ".pub"));
  const auto third = ensure_ssh_keys(files);
  REQUIRE(third);
  CHECK(third->host_private != first->host_private);
  CHECK(third->client_public == first->client_public);
}

}  // namespace devenv::session
