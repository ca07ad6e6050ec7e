// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/unit/doctor/verdict_text.hpp"

namespace devenv::doctor {
namespace {

HelperFacts setuid(const char* name) {
  return {.name = name, .path = std::string("/usr/bin/") + name, .setuid_root = true};
}

}  // namespace

TEST_CASE("id helpers: present, and allowed to do their work") {
  HelperFacts capable = setuid("newgidmap");
  capable.setuid_root = false;
  capable.has_capability = true;
  HelperFacts powerless = capable;
  powerless.has_capability = false;
  HelperFacts nosuid = setuid("newgidmap");
  nosuid.on_nosuid = true;
  const HelperFacts missing{.name = "newgidmap"};
  struct Case {
    const char* subject;
    HelperFacts second;
    bool as_root;
    const char* expected;
  };
  for (const Case& each : {
           Case{"setuid", setuid("newgidmap"), false,
                "pass: /usr/bin/newuidmap, /usr/bin/newgidmap"},
           Case{"file capability", capable, false, "pass: /usr/bin/newuidmap, /usr/bin/newgidmap"},
           Case{"missing", missing, false,
                "fail: not found: newgidmap [sudo apt-get install uidmap]"},
           Case{"missing, but root", missing, true, "pass: not needed: root writes id maps itself"},
           Case{"neither", powerless, false,
                "fail: /usr/bin/newgidmap has neither the setuid bit of root nor a file capability "
                "[sudo chown root /usr/bin/newgidmap && sudo chmod u+s /usr/bin/newgidmap]"},
           Case{"nosuid", nosuid, false,
                "fail: /usr/bin/newgidmap is on a file system that is mounted nosuid [mount it "
                "without nosuid; see: findmnt --target /usr/bin/newgidmap]"},
       }) {
    CAPTURE(each.subject);
    CHECK(line(judge_id_helpers({setuid("newuidmap"), each.second}, each.as_root,
                                Distribution{.id = "debian"})) == each.expected);
  }
}

TEST_CASE("id ranges: at least 65536 of each") {
  struct Case {
    IdRangeFacts facts;
    const char* expected;
  };
  for (const Case& each : std::vector<Case>{
           {{.map = works(), .user_ids = 65536, .group_ids = 65536, .user = "ann"},
            "pass: 65536 user ids, 65536 group ids"},
           {{.map = works(),
           .user_ids = 65536,
           .group_ids = 1000,
           .user = "ann",
           .free_range = "165536-231071"},
            "warn: 65536 user ids, 1000 group ids: images with ids from 1000 on cannot be unpacked "
            "[sudo usermod --add-subuids 165536-231071 --add-subgids 165536-231071 ann]"},
           {{.map = works(), .direct = true, .user_ids = 1, .group_ids = 1, .user = "root"},
            "pass: not needed: root uses the ids of the host"},
           {{.map = fails("user 'ann' has no subordinate user ids", "sudo usermod ann"),
           .user = "ann"},
            "fail: user 'ann' has no subordinate user ids [sudo usermod ann]"},
       }) {
    CHECK(line(judge_id_ranges(each.facts)) == each.expected);
  }
}

TEST_CASE("id map: what was tried is what is said") {
  CHECK(line(judge_id_map(works())) == "pass: root of a namespace with all ids works");
  CHECK(line(judge_id_map(fails("newuidmap exited with status 1", "leave newgrp"))) ==
        "fail: newuidmap exited with status 1 [leave newgrp]");
  CHECK(line(judge_id_map(fails("newuidmap exited with status 1"))) ==
        "fail: newuidmap exited with status 1 [put right what the findings above name]");
  CHECK(line(judge_id_map(not_tried("there is no id map"))) ==
        "fail: not tried: there is no id map [put right what the findings above name]");
}

}  // namespace devenv::doctor
