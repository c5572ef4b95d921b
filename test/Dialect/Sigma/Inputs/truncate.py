"""truncate.py FILE STEP COMMAND...

Feeds every STEP-th prefix of a file to the standard input of a command. A prefix must be accepted, or
refused with an error message, and never end the command by a signal, an assertion or a hang.
"""

import subprocess
import sys


def main(path, step, command):
    text = open(path, "rb").read()
    refused = 0
    for size in range(1, len(text), step):
        run = subprocess.run(command, input=text[:size], capture_output=True, timeout=60)
        message = run.stderr.decode(errors="replace")
        if run.returncode not in (0, 1) or (run.returncode == 1 and "error: " not in message):
            print(f"prefix of {size} bytes: exit status {run.returncode}\n{message}")
            return 1
        refused += run.returncode
    print(f"{refused} prefixes refused")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
