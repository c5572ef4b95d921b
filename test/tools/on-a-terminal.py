#!/usr/bin/env python3
"""Runs a command whose output is a terminal, and prints what that shows, a line for each carriage return: on-a-terminal.py COMMAND..."""

import os
import pty
import sys


def shown(pid, terminal):
    text = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the other side is closed
            part = b""
        if not part:
            return text.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        text += part


def main(*command):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(command[0], command)
    text, status = shown(pid, terminal)
    print(text.replace("\r\n", "\n").replace("\r", "\n"))
    sys.exit(status)


main(*sys.argv[1:])
