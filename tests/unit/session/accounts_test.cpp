// SPDX-License-Identifier: MIT
#include "env/session/accounts.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace devenv::session {
namespace {

AccountUser ann() {
  return {"ann", EnvUid(1000), EnvGid(1000), "ann", "/home/ann", "/bin/bash", "Ann Other"};
}

/// The edit, which must succeed and, done once more, must change nothing.
AccountFiles edit(const AccountFiles& files, const AccountUser& user) {
  const Result<AccountFiles> edited = edit_accounts(files, user);
  REQUIRE_MESSAGE(edited, edited.error().to_line());
  const Result<AccountFiles> again = edit_accounts(*edited, user);
  REQUIRE(again);
  CHECK(*again == *edited);
  return *edited;
}

constexpr const char* kRoot = "root:x:0:0:root:/root:/bin/ash\n";
constexpr const char* kUser = "ann:x:1000:1000:Ann Other:/home/ann:/bin/bash\n";

struct PasswdCase {
  const char* subject;
  std::string before;
  std::string after;
};

TEST_CASE("passwd: the user's entry") {
  const std::string root = kRoot;
  const std::string user = kUser;
  const PasswdCase cases[] = {
      {"is added", root, root + user},
      {"is added after a line without a newline", "root:x:0:0::/root:/bin/sh",
       "root:x:0:0::/root:/bin/sh\n" + user},
      {"replaces the image's user of that uid",
       root + "ubuntu:x:1000:1000:Ubuntu:/home/ubuntu:/bin/sh\nlast:x:5:5::/:/bin/sh\n",
       root + user + "last:x:5:5::/:/bin/sh\n"},
      {"keeps a missing newline when edited in place", root + "ubuntu:x:1000:1000::/home/u:/bin/sh",
       root + user.substr(0, user.size() - 1)},
      {"of another uid gets the ids", root + "ann:x:77:77:Ann Other:/:/bin/sh\n", root + user},
      {"and another's of the same uid become one",
       root + "node:x:1000:1000::/home/node:/bin/sh\nann:x:77:77::/:/bin/sh\n", root + user},
      {"is the only one of its uid",
       root + "a:x:1000:1::/a:/bin/sh\nb:x:1000:1::/b:/bin/sh\n" + "c:x:1001:1::/c:/bin/sh\n",
       root + user + "c:x:1001:1::/c:/bin/sh\n"},
      {"leaves comments, NIS and malformed lines alone",
       "# users\n\n" + root + "+::::::\n-ann::::::\nann:x:1000\n:x:1000:1::/:/bin/sh\n" +
           "b:x:1000x:1::/:/bin/sh\n+ann:x:1000:1000::/:/bin/sh\n",
       "# users\n\n" + root + "+::::::\n-ann::::::\nann:x:1000\n:x:1000:1::/:/bin/sh\n" +
           "b:x:1000x:1::/:/bin/sh\n+ann:x:1000:1000::/:/bin/sh\n" + user},
      {"is not one whose uid only looks the same",
       root + "big:x:4294968296:1::/:/bin/sh\nneg:x:-1000:1::/:/bin/sh\n",
       root + "big:x:4294968296:1::/:/bin/sh\nneg:x:-1000:1::/:/bin/sh\n" + user},
      {"leaves room for root where the image calls root so", "ann:x:0:0::/root:/bin/ash\n",
       "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000:Ann Other:/home/ann:/bin/bash\n"},
      {"comes with root in an empty file", "", "root:x:0:0:root:/root:/bin/sh\n" + user},
  };
  for (const PasswdCase& example : cases) {
    CAPTURE(example.subject);
    const AccountFiles edited = edit({example.before, "root:x:0:\n", "", std::nullopt}, ann());
    CHECK(*edited.passwd == example.after);
  }
}

TEST_CASE("passwd: full name and password of an entry of the user's own are kept") {
  AccountUser user = ann();
  user.gecos = "";
  const AccountFiles edited =
      edit({kRoot + std::string("ann:$6$x:1000:9:Old:/x:/x\n"), "root:x:0:\n", "", {}}, user);
  CHECK(*edited.passwd == kRoot + std::string("ann:$6$x:1000:1000:Old:/home/ann:/bin/bash\n"));
}

TEST_CASE("passwd: those of a renamed user are not") {
  AccountUser user = ann();
  user.gecos = "";
  const AccountFiles edited =
      edit({kRoot + std::string("pi::1000:9:Pi:/x:/x\n"), "root:x:0:\n", "", {}}, user);
  CHECK(*edited.passwd == kRoot + std::string("ann:x:1000:1000::/home/ann:/bin/bash\n"));
}

TEST_CASE("accounts: an image without any of the files gets passwd and group") {
  const AccountFiles edited = edit({}, ann());
  CHECK(edited.passwd ==
        "root:*:0:0:root:/root:/bin/sh\nann:*:1000:1000:Ann Other:/home/ann:/bin/bash\n");
  CHECK(edited.group == "root:x:0:\nann:x:1000:\n");
  CHECK(!edited.shadow);
  CHECK(!edited.gshadow);
}

TEST_CASE("accounts: an image's user is renamed everywhere") {
  const AccountFiles edited = edit(
      {
          "root:x:0:0:root:/root:/bin/bash\n"
          "ubuntu:x:1000:1000:Ubuntu:/home/ubuntu:/bin/bash\n",
          "root:x:0:\nadm:x:4:syslog,ubuntu\ndialout:x:20:ubuntu\nsudo:x:27:ubuntu\n"
          "video:x:44:ubuntus,ubuntu,ann\nubuntu:x:1000:\n",
          "root:*:19000:0:99999:7:::\nubuntu:$6$known:19000:0:1:7:::\nsync:*:1::::::\n",
          "root:*::\nadm:*::syslog,ubuntu\nsudo:*:ubuntu:ubuntu\nubuntu:!::\n",
      },
      ann());
  CHECK(edited.passwd ==
        "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000:Ann Other:/home/ann:/bin/bash\n");
  // The group keeps its name: files and scripts of the image know it.
  CHECK(edited.group ==
        "root:x:0:\nadm:x:4:syslog,ann\ndialout:x:20:ann\nsudo:x:27:ann\n"
        "video:x:44:ubuntus,ann\nubuntu:x:1000:\n");
  CHECK(edited.shadow == "root:*:19000:0:99999:7:::\nann:*:::::::\nsync:*:1::::::\n");
  CHECK(edited.gshadow == "root:*::\nadm:*::syslog,ann\nsudo:*:ann:ann\nubuntu:!::\n");
}

TEST_CASE("accounts: two users of the image become one in all files") {
  const AccountFiles edited = edit(
      {
          "root:x:0:0::/root:/bin/sh\nann:x:1001:1001::/:/bin/sh\nnode:x:1000:1000::/:/bin/sh\n",
          "root:x:0:\nnode:x:1000:\naudio:x:29:node,ann\n",
          "node:!:1::::::\nann:secret:2::::::\n",
          std::nullopt,
      },
      ann());
  CHECK(edited.passwd ==
        "root:x:0:0::/root:/bin/sh\nann:x:1000:1000:Ann Other:/home/ann:/bin/bash\n");
  CHECK(edited.group == "root:x:0:\nnode:x:1000:\naudio:x:29:ann\n");
  CHECK(edited.shadow == "ann:secret:2::::::\n");
}

struct GroupCase {
  const char* subject;
  std::string before;
  std::string after;
};

TEST_CASE("group: the user's group and the admin group") {
  const GroupCase cases[] = {
      {"added", "root:x:0:\n", "root:x:0:\nstaff:x:1000:\n"},
      {"the image's name for the gid stays", "root:x:0:\nusers:x:1000:\n",
       "root:x:0:\nusers:x:1000:\n"},
      {"a taken name stays with the image's gid", "root:x:0:\nstaff:x:50:\n",
       "root:x:0:\nstaff:x:50:\nann:x:1000:\n"},
      {"both names taken", "root:x:0:\nstaff:x:50:\nann:x:51:\n",
       "root:x:0:\nstaff:x:50:\nann:x:51:\nstaff-1000:x:1000:\n"},
      {"member of sudo", "root:x:0:\nsudo:x:27:\nstaff:x:1000:\n",
       "root:x:0:\nsudo:x:27:ann\nstaff:x:1000:\n"},
      {"member of wheel", "root:x:0:\nwheel:x:10:root,joe\nstaff:x:1000:\n",
       "root:x:0:\nwheel:x:10:root,joe,ann\nstaff:x:1000:\n"},
      {"of sudo alone if there are both", "root:x:0:\nwheel:x:10:\nsudo:x:27:\nstaff:x:1000:\n",
       "root:x:0:\nwheel:x:10:\nsudo:x:27:ann\nstaff:x:1000:\n"},
      {"root is added", "staff:x:1000:", "root:x:0:\nstaff:x:1000:"},
      {"odd lines stay", "#sudo:x:1000:\nroot:x:0:\n+:::\nsudo:x:\nstaff:x:1000:joe,,\n",
       "#sudo:x:1000:\nroot:x:0:\n+:::\nsudo:x:\nstaff:x:1000:joe,,\n"},
  };
  AccountUser user = ann();
  user.group_name = "staff";
  for (const GroupCase& example : cases) {
    CAPTURE(example.subject);
    const AccountFiles edited = edit({kRoot, example.before, std::nullopt, std::nullopt}, user);
    CHECK(*edited.group == example.after);
  }
}

TEST_CASE("group: without a name the group is called like the user") {
  AccountUser user = ann();
  user.group_name = "";
  const AccountFiles edited = edit({kRoot, "root:x:0:\n", "", "root:*::"}, user);
  CHECK(edited.group == "root:x:0:\nann:x:1000:\n");
  CHECK(edited.gshadow == "root:*::\nann:!::\n");
}

TEST_CASE("gshadow: the user becomes an administrator only where the old name was") {
  const AccountFiles edited = edit(
      {kRoot + std::string("pi:x:1000:1000::/:/bin/sh\n"), "root:x:0:\nwheel:x:10:\npi:x:1000:\n",
       std::nullopt, "root:*::\nwheel:*:root:\ngames:*:pi,joe:\n"},
      ann());
  CHECK(edited.gshadow == "root:*::\nwheel:*:root:ann\ngames:*:ann,joe:\n");
}

struct ShadowCase {
  const char* subject;
  std::string before;
  std::string after;
};

TEST_CASE("shadow: the user's entry") {
  const ShadowCase cases[] = {
      {"is added without a password", "root:*:1::::::\n", "root:*:1::::::\nann:*:::::::\n"},
      {"is kept as it is", "root:*::::::\nann:$6$mine:7::::::\n",
       "root:*::::::\nann:$6$mine:7::::::\n"},
      {"is kept when short", "ann:!\n", "ann:!\n"},
      {"is not a comment", "#ann:*:\nann\n", "#ann:*:\nann\nann:*:::::::\n"},
      {"goes into an empty file", "", "ann:*:::::::\n"},
  };
  for (const ShadowCase& example : cases) {
    CAPTURE(example.subject);
    const AccountFiles edited =
        edit({std::string(kRoot) + kUser, "root:x:0:\n", example.before, std::nullopt}, ann());
    CHECK(*edited.shadow == example.after);
  }
}

TEST_CASE("accounts: names of directory services stay as they are") {
  for (const std::string name :
       {"CORP\\ann", "ann other", "ann@corp.example", "Ann", "änn", "ann$"}) {
    CAPTURE(name);
    AccountUser user = ann();
    user.name = name;
    user.group_name = "domain users";
    user.uid = EnvUid(1684400500);
    const AccountFiles edited = edit({kRoot, "root:x:0:\nwheel:x:10:\n", "", ""}, user);
    CHECK(*edited.passwd == kRoot + name + ":x:1684400500:1000:Ann Other:/home/ann:/bin/bash\n");
    CHECK(*edited.group == "root:x:0:\nwheel:x:10:" + name + "\ndomain users:x:1000:\n");
    CHECK(*edited.shadow == name + ":*:::::::\n");
  }
}

TEST_CASE("accounts: the full name may hold what the file cannot") {
  AccountUser user = ann();
  user.gecos = "Ann: \"A\"\nOther\x7f, Room 1";
  const AccountFiles edited = edit({kRoot, "root:x:0:\n", std::nullopt, std::nullopt}, user);
  CHECK(*edited.passwd ==
        kRoot + std::string("ann:*:1000:1000:Ann  \"A\" Other , Room 1:/home/ann:/bin/bash\n"));
}

TEST_CASE("accounts: what cannot be written is refused") {
  struct Refused {
    const char* subject;
    void (*spoil)(AccountUser&);
  };
  const Refused cases[] = {
      {"colon in the name", [](AccountUser& user) { user.name = "a:b"; }},
      {"newline in the name", [](AccountUser& user) { user.name = "a\nroot::0:0:::"; }},
      {"comma in the name", [](AccountUser& user) { user.name = "a,b"; }},
      {"no name", [](AccountUser& user) { user.name = ""; }},
      {"NIS name", [](AccountUser& user) { user.name = "+ann"; }},
      {"comment as a name", [](AccountUser& user) { user.name = "#1"; }},
      {"another root", [](AccountUser& user) { user.name = "root"; }},
      {"colon in the group", [](AccountUser& user) { user.group_name = "a:b"; }},
      {"colon in the home", [](AccountUser& user) { user.home = "/home/a:b"; }},
      {"newline in the shell", [](AccountUser& user) { user.shell = "/bin/sh\n"; }},
  };
  for (const Refused& example : cases) {
    CAPTURE(example.subject);
    AccountUser user = ann();
    example.spoil(user);
    const Result<AccountFiles> edited = edit_accounts({kRoot, "root:x:0:\n", "", ""}, user);
    REQUIRE(!edited);
    CHECK(edited.error().code() == ErrorCode::usage);
    CHECK(edited.error().message().find('\n') == std::string::npos);
  }
}

TEST_CASE("accounts: for root only its home and shell change") {
  const AccountUser root{"root", EnvUid(0), EnvGid(0), "root", "/srv/root", "/bin/zsh", "Boss"};
  const AccountFiles image{
      "root:x:0:0:root:/root:/bin/ash\ntoor:x:0:0::/root:/bin/sh\nann:x:1000:1000::/:/bin/sh\n",
      "root:x:0:\nsudo:x:27:\n", "root:secret:1::::::\n", "root:*::\n"};
  const AccountFiles edited = edit(image, root);
  CHECK(edited.passwd ==
        "root:x:0:0:root:/srv/root:/bin/zsh\ntoor:x:0:0::/root:/bin/sh\n"
        "ann:x:1000:1000::/:/bin/sh\n");
  CHECK(edited.group == image.group);
  CHECK(edited.shadow == image.shadow);
  CHECK(edited.gshadow == image.gshadow);
}

TEST_CASE("accounts: root is made where there is nobody") {
  const AccountUser root{"root", EnvUid(0), EnvGid(0), "root", "/root", "/bin/bash", ""};
  const AccountFiles edited = edit({std::nullopt, std::nullopt, "", std::nullopt}, root);
  CHECK(edited.passwd == "root:x:0:0:root:/root:/bin/bash\n");
  CHECK(edited.group == "root:x:0:\n");
  CHECK(edited.shadow == "root:*:::::::\n");
}

TEST_CASE("sudoers: the user is named by number") {
  const std::string entry = sudoers_entry(EnvUid(1000));
  CHECK(entry.find("\nDefaults !fqdn\n") != std::string::npos);
  CHECK(entry.find("\n#1000 ALL=(ALL:ALL) NOPASSWD: ALL\n") != std::string::npos);
  CHECK(entry.back() == '\n');
}

TEST_CASE("sudoers: the directory is read by exactly one line") {
  struct SudoersCase {
    const char* before;
    const char* after;
  };
  const SudoersCase cases[] = {
      {"", "#includedir /etc/sudoers.d\n"},
      {"root ALL=(ALL) ALL", "root ALL=(ALL) ALL\n#includedir /etc/sudoers.d\n"},
      {"a\n#includedir /etc/sudoers.d\nb", nullptr},
      {"@includedir \t/etc/sudoers.d\n", nullptr},
      {" @includedir \"/etc/sudoers.d\"\n", nullptr},
      {"#includedir /etc/sudoers.d/\n", nullptr},
      {"# includedir /etc/sudoers.d\n",
       "# includedir /etc/sudoers.d\n#includedir /etc/sudoers.d\n"},
      {"#includedir /etc/sudoers.dist\n",
       "#includedir /etc/sudoers.dist\n#includedir /etc/sudoers.d\n"},
      {"#include /etc/sudoers.d\n", "#include /etc/sudoers.d\n#includedir /etc/sudoers.d\n"},
      {"#\n", "#\n#includedir /etc/sudoers.d\n"},
  };
  for (const SudoersCase& example : cases) {
    CAPTURE(example.before);
    CHECK(include_sudoers_directory(example.before) ==
          (example.after == nullptr ? example.before : example.after));
  }
}

TEST_CASE("shell: the host's if the image has it, else bash, else sh") {
  struct ShellCase {
    const char* host;
    std::vector<std::string> image;
    const char* chosen;
  };
  const ShellCase cases[] = {
      {"/usr/bin/zsh", {"/usr/bin/zsh", "/bin/zsh", "/bin/bash"}, "/usr/bin/zsh"},
      {"/usr/bin/zsh", {"/bin/zsh", "/bin/bash"}, "/bin/zsh"},
      {"/opt/fish/bin/fish", {"/usr/local/bin/fish", "/bin/bash"}, "/usr/local/bin/fish"},
      {"/run/current-system/sw/bin/bash", {"/usr/bin/bash"}, "/usr/bin/bash"},
      {"/usr/bin/zsh", {"/bin/bash", "/bin/sh"}, "/bin/bash"},
      {"/usr/bin/zsh", {"/usr/local/bin/bash", "/bin/sh"}, "/usr/local/bin/bash"},
      {"/usr/bin/zsh", {"/bin/sh"}, "/bin/sh"},
      {"/bin/zsh", {}, "/bin/sh"},
      {"", {"/bin/bash"}, "/bin/bash"},
      {"zsh", {"zsh", "/bin/zsh", "/bin/bash"}, "/bin/zsh"},
      {"/usr/sbin/nologin", {"/usr/sbin/nologin", "/bin/bash"}, "/bin/bash"},
      {"/bin/false", {"/bin/false", "/bin/sh"}, "/bin/sh"},
      {"/bin/", {"/bin/", "/bin/bash"}, "/bin/bash"},
      {"/bin/dash", {"/bin/dash", "/bin/bash"}, "/bin/dash"},
  };
  for (const ShellCase& example : cases) {
    CAPTURE(example.host);
    const std::vector<std::string>& image = example.image;
    CHECK(choose_shell(example.host, [&image](const std::string& path) {
            return std::find(image.begin(), image.end(), path) != image.end();
          }) == example.chosen);
  }
}

}  // namespace
}  // namespace devenv::session
