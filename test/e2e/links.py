#!/usr/bin/env python3
"""Looks for the files that pages link to or name in code: links.py ROOT PAGE..."""

import pathlib
import re
import sys

FOLDERS = ("bench", "codegen", "dialects", "docs", "examples", "passes", "planner", "runtime", "scripts", "test", "tools")


def named(text):
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        yield target, True
    for code in re.findall(r"`([\w./*-]+)`", text):
        if code.split("/")[0] in FOLDERS and "/" in code:
            yield code, False


def main(root, *pages):
    root, count, missing = pathlib.Path(root), 0, 0
    for page in pages:
        for target, relative in named((root / page).read_text()):
            base = (root / page).parent if relative else root
            count += 1
            if not list(base.glob(target)) and not (base / target).exists():
                print(f"{page}: there is no {target}")
                missing += 1
    print(f"{count} names, {missing} missing")
    return missing > 0


sys.exit(main(*sys.argv[1:]))
