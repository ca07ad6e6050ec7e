// SPDX-License-Identifier: MIT
#include "env/export/service_keys.hpp"

#include <algorithm>

#include "env/base/text.hpp"

namespace devenv::exporting {
namespace {

// A '*' stands for any text. The lists are looked at in this order.
// clang-format off

constexpr std::string_view kSpecial[] = {
    "ExecStart", "ExecStartPre", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost",
    "ExecCondition", "Type", "NotifyAccess", "WatchdogSec", "BusName", "PIDFile", "User", "Group",
    "DynamicUser", "WorkingDirectory", "Environment", "EnvironmentFile", "PermissionsStartOnly",
    "StateDirectory", "StateDirectoryMode", "CacheDirectory", "CacheDirectoryMode",
    "LogsDirectory", "LogsDirectoryMode", "RuntimeDirectory", "RuntimeDirectoryMode",
    "RuntimeDirectoryPreserve", "ConfigurationDirectory", "ConfigurationDirectoryMode",
    "StandardInput", "StandardOutput", "StandardError",
};

/// systemd.exec(5), "SANDBOXING" and its neighbours; systemd.resource-control(5).
constexpr std::string_view kIsolation[] = {
    "Private*", "Protect*", "Restrict*", "SystemCall*", "Capability*", "CapabilityBoundingSet",
    "AmbientCapabilities", "NoNewPrivileges", "LockPersonality", "MemoryDenyWriteExecute",
    "RemoveIPC", "SecureBits", "Root*", "Mount*", "ExtensionImages", "ExtensionDirectories",
    "ProcSubset", "ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "ExecPaths",
    "NoExecPaths", "BindPaths", "BindReadOnlyPaths", "TemporaryFileSystem", "ReadWriteDirectories",
    "ReadOnlyDirectories", "InaccessibleDirectories", "IPAddress*", "IPIngress*", "IPEgress*",
    "Device*", "SocketBind*", "NetworkNamespacePath", "IPCNamespacePath", "AppArmorProfile",
    "SELinuxContext", "SmackProcessLabel", "KeyringMode", "BPFProgram", "NFTSet",
};

constexpr std::string_view kKept[] = {
    "ExitType", "RemainAfterExit", "GuessMainPID", "Restart*", "TimeoutStartSec", "TimeoutStopSec",
    "TimeoutSec", "TimeoutAbortSec", "TimeoutStartFailureMode", "TimeoutStopFailureMode",
    "RuntimeMaxSec", "RuntimeRandomizedExtraSec", "SuccessExitStatus", "KillMode", "KillSignal",
    "SendSIGHUP", "SendSIGKILL", "FinalKillSignal", "WatchdogSignal", "ReloadSignal",
    "StandardInputText", "StandardInputData", "Syslog*", "LogLevelMax", "LogRateLimit*",
    "LogExtraFields", "UnsetEnvironment", "UMask", "Nice", "CPU*", "IO*", "OOM*", "ManagedOOM*",
    "Memory*", "Tasks*", "Limit*", "StartLimit*", "IgnoreSIGPIPE", "TimerSlackNSec", "Personality",
    "CoredumpFilter",
};

/// About the host's side of things that there are none of.
constexpr std::string_view kSilent[] = {
    "X-*", "RootDirectoryStartOnly", "NonBlocking", "FileDescriptorStore*", "PassEnvironment",
    "Sockets", "Delegate*", "UtmpIdentifier", "UtmpMode", "TTY*", "Slice", "SupplementaryGroups",
};

constexpr std::string_view kKeptOfUnit[] = {
    "Description", "Documentation", "StartLimit*", "CollectMode", "StopWhenUnneeded",
    "RefuseManual*", "JobTimeoutSec", "JobRunningTimeoutSec", "OnFailureJobMode",
    "OnSuccessJobMode", "FailureActionExitStatus", "SuccessActionExitStatus",
};

/// In the user's own units; those of the system mean another manager.
constexpr std::string_view kKeptOfUserUnit[] = {
    "DefaultDependencies", "FailureAction", "SuccessAction", "JobTimeoutAction", "IgnoreOnIsolate",
    "ConditionUser", "ConditionGroup", "AssertUser", "AssertGroup",
};

/// Of the machine: the host's word is as good as any.
constexpr std::string_view kMachineConditions[] = {
    "Architecture", "Virtualization", "KernelVersion", "ACPower", "Memory", "CPUs", "CPUFeature",
    "Host", "Environment", "Firmware", "ControlGroupController", "MemoryPressure", "CPUPressure",
    "IOPressure", "Version",
};

constexpr std::string_view kSilentOfUnit[] = {
    "X-*", "RequiresMountsFor", "WantsMountsFor", "SourcePath", "JoinsNamespaceOf", "AllowIsolate",
    "DefaultDependencies", "IgnoreOnIsolate", "ConditionUser", "ConditionGroup", "AssertUser",
    "AssertGroup", "ConditionCapability", "ConditionSecurity", "ConditionNeedsUpdate",
    "ConditionFirstBoot", "ConditionKernel*",
};

constexpr std::string_view kDependencies[] = {
    "Requires", "Requisite", "Wants", "BindsTo", "PartOf", "Upholds", "Conflicts", "Before",
    "After", "OnFailure", "OnSuccess", "PropagatesReloadTo", "ReloadPropagatedFrom",
    "PropagatesStopTo", "StopPropagatedFrom",
};

constexpr std::string_view kPullingIn[] = {
    "Requires", "Requisite", "Wants", "BindsTo", "Upholds", "OnFailure", "OnSuccess",
};

// clang-format on

template <std::size_t kSize>
bool is_in(const std::string_view (&patterns)[kSize], std::string_view key) {
  return std::any_of(std::begin(patterns), std::end(patterns),
                     [&](std::string_view pattern) { return text::fits(key, pattern); });
}

/// What needs CAP_SYS_NICE; the manager would not start the service at all.
bool needs_rights(std::string_view key, std::string_view value) {
  return (key == "CPUSchedulingPolicy" && (value == "fifo" || value == "rr")) ||
         key == "CPUSchedulingPriority" ||
         (key == "IOSchedulingClass" && (value == "realtime" || value == "1"));
}

}  // namespace

Fate fate_in_service(std::string_view key, std::string_view value, bool of_system) {
  if (is_in(kSpecial, key)) {
    return Fate::special;
  }
  if (is_in(kIsolation, key)) {
    return Fate::isolated;
  }
  if (of_system && needs_rights(key, value)) {
    return Fate::told;
  }
  if (is_in(kKept, key) || (key == "Slice" && !of_system)) {
    return Fate::kept;
  }
  return is_in(kSilent, key) ? Fate::silent : Fate::told;
}

Fate fate_in_unit(std::string_view key, bool of_system) {
  if (is_in(kKeptOfUnit, key) || (!of_system && is_in(kKeptOfUserUnit, key))) {
    return Fate::kept;
  }
  for (const std::string_view kind : {"Condition", "Assert"}) {
    if (key.starts_with(kind) && is_in(kMachineConditions, key.substr(kind.size()))) {
      return Fate::kept;
    }
    if (key.starts_with(kind) && !is_in(kSilentOfUnit, key)) {
      return Fate::special;
    }
  }
  return is_in(kSilentOfUnit, key) ? Fate::silent : Fate::told;
}

bool is_dependency(std::string_view key) {
  return is_in(kDependencies, key);
}

bool pulls_in(std::string_view key) {
  return is_in(kPullingIn, key);
}

}  // namespace devenv::exporting
