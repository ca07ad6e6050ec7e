// SPDX-License-Identifier: MIT
#include "profiles/devcontainer_keys.hpp"

#include <algorithm>
#include <array>

namespace devenv::profiles {
namespace {

struct Remark {
  std::string_view key;
  std::string_view why;
};

// clang-format off
/// What nothing is made of.
constexpr std::array kRemarks = {
    Remark{"$schema", ""},
    Remark{"appPort", "the network is the host's: every port is there"},
    Remark{"build", "no Dockerfile is built: put its packages into [packages] and its commands into [[setup]], or build the image and name it as base"},
    Remark{"capAdd", "root inside has every capability over the environment, and none over the host"},
    Remark{"context", "no Dockerfile is built"},
    Remark{"customizations", "settings and extensions are for the editor, which keeps its own"},
    Remark{"devPort", "the editor's server needs no port"},
    Remark{"dockerComposeFile", "no services are composed: what the project needs beside it can be in [services]"},
    Remark{"dockerFile", "no Dockerfile is built: put its packages into [packages] and its commands into [[setup]], or build the image and name it as base"},
    Remark{"extensions", "for the editor, which keeps its own"},
    Remark{"forwardPorts", "the network is the host's: every port is there"},
    Remark{"gpu", "the host's devices and its driver are always there"},
    Remark{"hostRequirements", "they are not checked; an upper bound can be in [limits]"},
    Remark{"init", "nothing inside has to be reaped: processes are the host's"},
    Remark{"initializeCommand", "nothing is run on the host"},
    Remark{"otherPortsAttributes", "the network is the host's: nothing is forwarded"},
    Remark{"overrideCommand", "the image's own command is never run"},
    Remark{"portsAttributes", "the network is the host's: nothing is forwarded"},
    Remark{"privileged", "environments are rootless; devices that the user may use are there"},
    Remark{"runServices", "no services are composed"},
    Remark{"secrets", "the host's variables are there inside; others can be in a file of 'dotenv'"},
    Remark{"securityOpt", "an option of the container's engine"},
    Remark{"service", "no services are composed"},
    Remark{"settings", "for the editor, which keeps its own"},
    Remark{"shutdownAction", "an environment goes on until 'devenv stop'"},
    Remark{"updateRemoteUserUID", "ids are those of the host anyway"},
    Remark{"userEnvProbe", "login shells read the image's profile"},
    Remark{"waitFor", "hooks are waited for"},
    Remark{"workspaceFolder", "the project is at its own place inside"},
    Remark{"workspaceMount", "the project is at its own place inside"},
};

/// Features of ghcr.io/devcontainers/features that are not needed, or need what no environment gives.
constexpr std::array kFeatures = {
    Remark{"common-utils", "nothing is needed: the user, sudo and the shell are there"},
    Remark{"desktop-lite", "nothing is needed: windows appear on the host's display"},
    Remark{"docker-in-docker", "install podman, which runs inside"},
    Remark{"docker-outside-of-docker", "run the host's: devenv host docker"},
    Remark{"nvidia-cuda", "the host's driver is there; add the packages of CUDA"},
    Remark{"sshd", "nothing is needed: devenv ssh-config"},
};
// clang-format on

template <typename Remarks>
std::optional<std::string_view> find(const Remarks& remarks, std::string_view key) {
  const auto found = std::find_if(remarks.begin(), remarks.end(),
                                  [&](const Remark& remark) { return remark.key == key; });
  return found == remarks.end() ? std::nullopt : std::optional(found->why);
}

}  // namespace

std::optional<std::string_view> remark_of_key(std::string_view key) {
  return find(kRemarks, key);
}

std::string_view remark_of_feature(std::string_view name) {
  return find(kFeatures, name).value_or("");
}

}  // namespace devenv::profiles
