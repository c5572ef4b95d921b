#!/usr/bin/env python3
"""Runs a command that must be refused: refused.py STATUS ABSENT -- COMMAND...

Prints what it said and how it ended. ABSENT, and anything beside it that begins with its name, must not
exist afterwards. The command and all that it started have two minutes: a sanitized program on a busy machine needs one.
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile

status, absent, dashes, *command = sys.argv[1:]
assert dashes == "--", __doc__
absent = pathlib.Path(absent)
with tempfile.TemporaryFile() as said:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
                               start_new_session=True)
    try:
        ended = process.wait(timeout=120)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        ended = "a time limit"
    said.seek(0)
    print(said.read().decode(errors="replace"))
left = list(absent.parent.glob(absent.name + "*")) if absent.parent.is_dir() else []
print(f"refused with {ended}, " + (f"LEFT {left}" if left else "nothing written"))
sys.exit(str(ended) != status or bool(left))
