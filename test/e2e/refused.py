#!/usr/bin/env python3
"""Runs a command that must be refused: refused.py STATUS ABSENT -- COMMAND...

Prints what it said and how it ended. ABSENT, and anything beside it that begins with its name, must not
exist afterwards. The command has a minute.
"""

import pathlib
import subprocess
import sys

status, absent, dashes, *command = sys.argv[1:]
assert dashes == "--", __doc__
absent = pathlib.Path(absent)
ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
print(ended.stdout.decode(errors="replace"))
left = list(absent.parent.glob(absent.name + "*")) if absent.parent.is_dir() else []
print(f"refused with {ended.returncode}, " + (f"LEFT {left}" if left else "nothing written"))
sys.exit(ended.returncode != int(status) or bool(left))
