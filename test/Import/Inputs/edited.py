#!/usr/bin/env python3
"""Prints a configuration with some fields changed: edited.py CONFIG [path=JSON | -path]...

A path is made of keys and dots: text_config.head_dim=64.
"""

import json
import sys


def edit(root, change):
    path, _, value = change.lstrip("-").partition("=")
    *parents, key = path.split(".")
    for parent in parents:
        root = root.setdefault(parent, {})
    if change.startswith("-"):
        del root[key]
    else:
        root[key] = json.loads(value)


with open(sys.argv[1]) as file:
    config = json.load(file)
for change in sys.argv[2:]:
    edit(config, change)
json.dump(config, sys.stdout, indent=2)
