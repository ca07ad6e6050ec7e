// SPDX-License-Identifier: MIT
#include "env/host/shares.hpp"

#include <algorithm>
#include <array>

#include "env/base/format.hpp"
#include "env/base/text.hpp"
#include "env/host/facts.hpp"
#include "env/sys/file.hpp"

namespace devenv::host {
namespace {

// clang-format off
constexpr std::array kShares = {
    Share{.name = "home", .summary = "your files; without it a home of the environment's own"},
    Share{.name = "tmp", .summary = "/tmp; without it one of the environment's own", .needs = "/tmp"},
    Share{.name = "network", .summary = "the host's network; without it only a loopback of its own"},
    Share{.name = "ipc", .summary = "System V IPC and POSIX queues; X11's shared memory needs them"},
    Share{.name = "hostname", .summary = "the host's name; without it the environment's name"},

    Share{.name = "display-x11", .summary = "windows through X11",
          .needs = "/tmp/.X11-unix",
          .variables = "DISPLAY XAUTHORITY XAUTHLOCALHOSTNAME ICEAUTHORITY SESSION_MANAGER"},
    Share{.name = "display-wayland", .summary = "windows through Wayland",
          .needs = "@/wayland-*", .links = "@/wayland-*",
          .variables = "WAYLAND_*"},
    Share{.name = "audio-pipewire", .summary = "sound and video through PipeWire",
          .needs = "@/pipewire-*", .links = "@/pipewire-*",
          .variables = "PIPEWIRE_*"},
    Share{.name = "audio-pulse", .summary = "sound through PulseAudio's protocol",
          .needs = "@/pulse", .links = "@/pulse", .variables = "PULSE_*"},

    Share{.name = "dbus-session", .summary = "the session's message bus: notifications, settings",
          .needs = "@/bus @/dbus-1", .links = "@/bus @/dbus-1 @/at-spi /etc/machine-id",
          .variables = "DBUS_SESSION_BUS_* AT_SPI_BUS_ADDRESS"},
    Share{.name = "dbus-system", .summary = "the system's message bus, and who is logged in",
          .needs = "/run/dbus",
          .links = "/run/dbus /run/systemd/sessions /run/systemd/users /run/systemd/seats",
          .variables = "DBUS_SYSTEM_BUS_ADDRESS"},
    Share{.name = "systemd-user", .summary = "the user's service manager: systemctl --user",
          .needs = "@/systemd", .links = "@/systemd"},
    Share{.name = "keyring", .summary = "stored passwords and keys",
          .needs = "@/keyring", .links = "@/keyring", .variables = "GNOME_KEYRING_CONTROL"},
    Share{.name = "portals", .summary = "file choosers and documents of the desktop",
          .needs = "@/doc", .links = "@/doc @/.flatpak @/app", .variables = "GTK_USE_PORTAL"},
    Share{.name = "ssh-agent", .summary = "the keys of ssh-agent",
          .variables = "SSH_AUTH_SOCK SSH_AGENT_PID"},
    Share{.name = "gpg-agent", .summary = "the keys of gpg-agent",
          .needs = "@/gnupg", .links = "@/gnupg", .variables = "GPG_AGENT_INFO"},

    Share{.name = "gpu", .summary = "graphics and compute processors; the image has the drivers",
          .needs = "/dev/dri /dev/kfd /dev/dxg", .devices = "/dev/dri /dev/kfd /dev/dxg"},
    Share{.name = "nvidia", .summary = "NVIDIA's driver, which is the host's",
          .needs = "/dev/nvidiactl /usr/lib/wsl/lib", .mounts = "/usr/lib/wsl",
          .devices = "/dev/nvidia*"},
    Share{.name = "input", .summary = "keyboards, mice, joysticks",
          .needs = "/dev/input", .devices = "/dev/input /dev/uinput /dev/hidraw*"},
    Share{.name = "usb", .summary = "devices on USB",
          .needs = "/dev/bus/usb", .devices = "/dev/bus/usb"},
    Share{.name = "serial", .summary = "serial lines, microcontrollers",
          .needs = "/dev/ttyS* /dev/ttyUSB* /dev/ttyACM* /dev/serial",
          .devices = "/dev/ttyS* /dev/ttyUSB* /dev/ttyACM* /dev/serial"},
    Share{.name = "kvm", .summary = "virtual machines with hardware support",
          .needs = "/dev/kvm", .devices = "/dev/kvm /dev/vhost-*"},
    Share{.name = "udev", .summary = "names and properties of devices",
          .needs = "/run/udev", .links = "/run/udev"},

    Share{.name = "fonts", .summary = "the host's fonts", .needs = "/usr/share/fonts"},
    Share{.name = "themes", .summary = "the host's GTK themes", .needs = "/usr/share/themes"},
    Share{.name = "icons", .summary = "the host's icon themes", .needs = "/usr/share/icons"},
    Share{.name = "cursor", .summary = "the host's mouse pointers",
          .needs = "/usr/share/icons", .variables = "XCURSOR_*"},
    Share{.name = "locale", .summary = "your language, where the image has or can make it",
          .variables = "LANG LANGUAGE LC_*"},
    Share{.name = "timezone", .summary = "the host's time zone",
          // Not /etc/timezone: Debian's tzdata writes it, and could not through a link.
          .needs = "/etc/localtime", .links = "/etc/localtime",
          .variables = "TZ"},
    Share{.name = "dns", .summary = "how the host resolves names",
          .needs = "/etc/resolv.conf",
          .links = "/etc/resolv.conf /etc/host.conf /run/systemd/resolve /run/nscd"},
    Share{.name = "hosts", .summary = "the host's /etc/hosts", .needs = "/etc/hosts",
          .links = "/etc/hosts"},
    Share{.name = "ca-certificates", .summary = "the certificates that the host trusts",
          .needs = "/etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt "
                   "/etc/ssl/ca-bundle.pem /etc/ssl/cert.pem"},
    Share{.name = "kerberos", .summary = "tickets of the host",
          .needs = "/run/.heim_org.h5l.kcm-socket /etc/krb5.conf",
          .links = "/run/.heim_org.h5l.kcm-socket", .variables = "KRB5*"},

    Share{.name = "printing", .summary = "printers", .needs = "/run/cups", .links = "/run/cups",
          .variables = "CUPS_SERVER"},
    Share{.name = "smartcards", .summary = "smart card readers",
          .needs = "/run/pcscd", .links = "/run/pcscd", .variables = "PCSCLITE_CSOCK_NAME"},
    Share{.name = "avahi", .summary = "names ending in .local",
          .needs = "/run/avahi-daemon", .links = "/run/avahi-daemon"},
    Share{.name = "journal", .summary = "the host's log",
          .needs = "/run/systemd/journal /run/log/journal",
          .links = "/run/systemd/journal /run/log", .mounts = "/var/log/journal"},
    Share{.name = "libvirt", .summary = "virtual machines of libvirt",
          .needs = "/run/libvirt", .links = "/run/libvirt", .mounts = "/var/lib/libvirt"},
    Share{.name = "media", .summary = "disks that are plugged in",
          .needs = "/media /mnt /run/media /var/mnt",
          // Made when the first disk is plugged in.
          .links = "/run/media", .mounts = "/media /mnt /var/mnt"},
};
// clang-format on

/// What nobody expects unasked.
constexpr std::array<std::string_view, 1> kOnRequest = {"ca-certificates"};

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void remove(std::vector<std::string>& names, const std::vector<std::string>& unwanted) {
  std::erase_if(names, [&](const std::string& name) { return contains(unwanted, name); });
}

std::string why_off(const Share& share, const ShareChoice& choice, const Facts& facts) {
  if (contains(choice.off, share.name)) {
    return "switched off";
  }
  if (!choice.wants(share.name)) {
    return "only on request";
  }
  if (const auto obstacle = facts.obstacles.find(share.name); obstacle != facts.obstacles.end()) {
    return obstacle->second;
  }
  const auto needed = text::split(share.needs, ' ');
  for (const std::string_view path : needed) {
    const auto full = expand_path(path, facts.runtime_directory);
    if (path.empty() || (full && facts.present.contains(*full))) {
      return "";
    }
  }
  const std::string_view first = needed.front();
  if (!first.starts_with('@')) {
    return format("the host has no {}", first);
  }
  return facts.runtime_directory.empty()
             ? "there is no XDG_RUNTIME_DIR"
             : format("the host has no '{}' in XDG_RUNTIME_DIR", first.substr(2));
}

}  // namespace

std::span<const Share> all_shares() {
  return kShares;
}

const Share* find_share(std::string_view name) {
  const auto* const found = std::find_if(kShares.begin(), kShares.end(),
                                         [&](const Share& share) { return share.name == name; });
  return found == kShares.end() ? nullptr : found;
}

bool ShareChoice::wants(std::string_view name) const {
  if (contains(off, name)) {
    return false;
  }
  return contains(on, name) ||
         std::find(kOnRequest.begin(), kOnRequest.end(), name) == kOnRequest.end();
}

bool has_private_runtime(const ShareChoice& choice) {
  return std::any_of(kShares.begin(), kShares.end(), [&](const Share& share) {
    return share.links.starts_with('@') && !choice.wants(share.name);
  });
}

ShareChoice ShareChoice::overridden_by(const ShareChoice& later) const {
  ShareChoice merged = *this;
  remove(merged.on, later.off);
  remove(merged.off, later.on);
  for (const std::string& name : later.on) {
    if (!contains(merged.on, name)) {
      merged.on.push_back(name);
    }
  }
  for (const std::string& name : later.off) {
    if (!contains(merged.off, name)) {
      merged.off.push_back(name);
    }
  }
  return merged;
}

bool same_wishes(const ShareChoice& one, const ShareChoice& other) {
  return std::all_of(kShares.begin(), kShares.end(), [&](const Share& share) {
    return one.wants(share.name) == other.wants(share.name);
  });
}

Result<void> check_share_names(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (find_share(name) != nullptr) {
      continue;
    }
    std::vector<std::string> known;
    for (const Share& share : kShares) {
      known.emplace_back(share.name);
    }
    const auto similar = text::closest(name, known);
    return fail(Error(ErrorCode::usage, format("there is no share '{}'", text::sanitize(name)))
                    .with_hint(similar ? format("did you mean '{}'?", *similar)
                                       : format("one of: {}", join(known, ", "))));
  }
  return {};
}

std::vector<ShareStatus> share_statuses(const ShareChoice& choice, const Facts& facts) {
  std::vector<ShareStatus> statuses;
  for (const Share& share : kShares) {
    std::string reason = why_off(share, choice, facts);
    const bool on = reason.empty();
    statuses.push_back({.share = &share,
                        .on = on,
                        .is_wanted = choice.wants(share.name),
                        .reason = std::move(reason)});
  }
  return statuses;
}

std::optional<std::string> expand_path(std::string_view path,
                                       const std::string& runtime_directory) {
  if (!path.starts_with('@')) {
    return std::string(path);
  }
  if (runtime_directory.empty()) {
    return std::nullopt;
  }
  return runtime_directory + std::string(path.substr(1));
}

std::vector<std::string> matching_paths(const std::string& pattern) {
  if (!pattern.ends_with('*')) {
    return sys::exists(pattern) ? std::vector<std::string>{pattern} : std::vector<std::string>{};
  }
  const std::size_t slash = pattern.find_last_of('/');
  const std::string directory = pattern.substr(0, slash);
  std::vector<std::string> found;
  for (const std::string& name :
       sys::list_directory(directory).value_or(std::vector<std::string>{})) {
    if (text::fits(name, std::string_view(pattern).substr(slash + 1))) {
      found.push_back(directory + "/" + name);
    }
  }
  return found;
}

std::set<std::string> find_present(const std::string& runtime_directory) {
  std::set<std::string> present;
  for (const Share& share : kShares) {
    for (const std::string_view list : {share.needs, share.links, share.mounts}) {
      for (const std::string_view path : text::split(list, ' ')) {
        const auto full = path.empty() ? std::nullopt : expand_path(path, runtime_directory);
        if (full && !present.contains(*full) && !matching_paths(*full).empty()) {
          present.insert(*full);
        }
      }
    }
  }
  return present;
}

}  // namespace devenv::host
