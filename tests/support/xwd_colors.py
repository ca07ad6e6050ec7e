#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints how many colours a screenshot of xwd(1) has: a window that shows nothing has one or two.

    xwd_colors.py FILE
"""

import struct
import sys


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    # X11/XWDFile.h: size of the header, ..., width, height, ..., bits per pixel, bytes per line,
    # ..., number of colours.
    header = struct.unpack(">25I", data[:100])
    width, height, bits, line, colors = header[4], header[5], header[11], header[12], header[19]
    size = bits // 8
    start = header[0] + 12 * colors
    pixels = set()
    for row in range(height):
        begin = start + row * line
        pixels.update(data[at:at + size] for at in range(begin, begin + width * size, size))
    print(len(pixels))


if __name__ == "__main__":
    main()
