// SPDX-License-Identifier: MIT
#include "cmd/import.hpp"

#include <doctest/doctest.h>

namespace devenv::cmd {
namespace {

TEST_CASE("import: the image's variables stay, those of the tool and of the user go") {
  CHECK(without_box_variables({"PATH=/usr/bin", "HOME=/home/u", "LANG=C.UTF-8", "SHELL=/bin/zsh",
                               "container=oci", "CONTAINER_ID=box", "DISTROBOX_HOST_HOME=/h",
                               "TOOLBOX_PATH=/usr/bin/toolbox", "XDG_RUNTIME_DIR=/run/user/1000",
                               "JAVA_HOME=/opt/java", "HOMEPAGE=x", "EMPTY="}) ==
        std::vector<std::string>{"PATH=/usr/bin", "LANG=C.UTF-8", "JAVA_HOME=/opt/java",
                                 "HOMEPAGE=x", "EMPTY="});
}

}  // namespace
}  // namespace devenv::cmd
