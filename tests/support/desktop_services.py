#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A desktop's services on the session bus, made up: notifications and a portal.

    desktop_services.py LOG      one line of LOG per call

Prints "ready" when both names are owned.
"""

import sys

from gi.repository import Gio, GLib

INTERFACES = """
<node>
  <interface name="org.freedesktop.Notifications">
    <method name="GetServerInformation">
      <arg type="s" direction="out"/><arg type="s" direction="out"/>
      <arg type="s" direction="out"/><arg type="s" direction="out"/>
    </method>
    <method name="GetCapabilities"><arg type="as" direction="out"/></method>
    <method name="Notify">
      <arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
      <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
      <arg type="a{sv}" direction="in"/><arg type="i" direction="in"/>
      <arg type="u" direction="out"/>
    </method>
  </interface>
  <interface name="org.freedesktop.portal.Settings">
    <method name="Read">
      <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="v" direction="out"/>
    </method>
  </interface>
</node>
"""
NAMES = ["org.freedesktop.Notifications", "org.freedesktop.portal.Desktop"]


class Services:
    def __init__(self, log):
        self.log = log
        self.owned = set()

    def called(self, connection, sender, path, interface, method, arguments, invocation):
        values = arguments.unpack()
        if method == "Notify":
            self.log.write(f"{values[3]}: {values[4]}\n")
            answer = GLib.Variant("(u)", (1,))
        elif method == "GetServerInformation":
            answer = GLib.Variant("(ssss)", ("devenv-test", "devenv", "1", "1.2"))
        elif method == "GetCapabilities":
            answer = GLib.Variant("(as)", (["body"],))
        else:
            self.log.write(f"{method} {' '.join(values)}\n")
            answer = GLib.Variant("(v)", (GLib.Variant("u", 1),))
        self.log.flush()
        invocation.return_value(answer)

    def connected(self, connection, name):
        paths = ["/org/freedesktop/Notifications", "/org/freedesktop/portal/desktop"]
        position = NAMES.index(name)
        interface = Gio.DBusNodeInfo.new_for_xml(INTERFACES).interfaces[position]
        connection.register_object(paths[position], interface, self.called, None, None)

    def acquired(self, connection, name):
        self.owned.add(name)
        if len(self.owned) == len(NAMES):
            print("ready", flush=True)


def main():
    with open(sys.argv[1], "w", encoding="utf-8") as log:
        services = Services(log)
        for name in NAMES:
            Gio.bus_own_name(Gio.BusType.SESSION, name, Gio.BusNameOwnerFlags.NONE,
                             services.connected, services.acquired, None)
        GLib.MainLoop().run()


if __name__ == "__main__":
    main()
