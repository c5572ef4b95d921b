"""What is done to the processes of a run from outside, for tests and bench/faults."""

import math
import os
import pathlib
import resource
import signal
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr


def multiply(run, tensors, name, factor):
    """The f32 values of all tensors whose name begins so, in all ranks of the first start."""
    start = sr.events(sr.read_log(run.log), "start")[0]
    with run.stopped():  # all at once, or the ranks would compute with different values
        for rank, pid in enumerate(start["pids"]):
            with open(f"/proc/{pid}/mem", "r+b", buffering=0) as file:
                for tensor in tensors:
                    if not tensor["name"].startswith(name) or start["mesh"]["pp"] * rank // len(start["pids"]) != tensor["stage"]:
                        continue
                    count, at = math.prod(tensor["localShape"]), start["arenas"][rank] + tensor["arenaOffset"]
                    file.seek(at)
                    values = struct.unpack(f"{count}f", file.read(4 * count))
                    file.seek(at)
                    file.write(struct.pack(f"{count}f", *(factor * value for value in values)))


def leave_no_memory(pid):
    """The process keeps what it has, and gets no more."""
    with open(f"/proc/{pid}/statm") as file:
        size = int(file.read().split()[0]) * os.sysconf("SC_PAGESIZE")
    resource.prlimit(pid, resource.RLIMIT_AS, (size, size))


def throttle(pid, until, seconds=180):
    """Stops the process two thirds of the time, a few milliseconds each."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not until():
        for _ in range(10):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(0.008)
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.004)
