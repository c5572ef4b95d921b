#!/usr/bin/env python3
"""Runs the commands that pages quote and looks for what they quote: quotations.py [--update] ROOT PAGE...

A quotation is a fenced block whose first line is "$ command", with sigma and sigma-opt from PATH, run by sh in ROOT. Its other
lines must come in this order in what the command prints; "…" at the end of a line, or alone, stands for anything. The
time that a search took may differ. --update writes what is printed now into the quotations that leave nothing out.
"""

import pathlib
import re
import subprocess
import sys


def blocks(page):
    text = pathlib.Path(page).read_text()
    for block in re.findall(r"^```\w*\n\$ (.*?)^```$", text, re.DOTALL | re.MULTILINE):
        command, *lines = block.rstrip("\n").split("\n")
        yield command, lines


def without_time(line):
    return re.sub(r"in \d+ ms", "in some ms", line.rstrip())


def missing(lines, printed):
    """The first quoted line that does not come."""
    rest = iter(without_time(line) for line in printed.split("\n"))
    for line in map(without_time, lines):
        begin = line[:-1].rstrip() if line.endswith("…") else None
        if begin == "":
            continue
        if not any(found == line if begin is None else found.startswith(begin) for found in rest):
            return line
    return None


def printed_by(command, root):
    return subprocess.run(["sh", "-c", command], cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=120).stdout


def update(page, command, lines, printed):
    quoted = "\n".join([f"$ {command}", *lines, "```"])
    page.write_text(page.read_text().replace(quoted, f"$ {command}\n{printed.rstrip()}\n```"))


def main(root, *pages, updates=False):
    count, bad = 0, 0
    for page in pages:
        for command, lines in blocks(f"{root}/{page}"):
            printed = printed_by(command, root)
            line = missing(lines, printed)
            count, bad = count + 1, bad + (line is not None)
            if line is not None and updates and not any("…" in quoted for quoted in lines):
                update(pathlib.Path(root) / page, command, lines, printed)
                print(f"{page}: updated: $ {command}")
            elif line is not None:
                print(f"{page}: $ {command}\n  does not print: {line}\n{printed}")
    print(f"{count} quotations, {bad} wrong")
    return bad > 0


arguments = [argument for argument in sys.argv[1:] if argument != "--update"]
sys.exit(main(*arguments, updates="--update" in sys.argv))
