"""Hosts that are network namespaces, and runs on them: for the tests whose hosts break."""

import contextlib
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import sigma_runs as sr


class Hosts:
    def __init__(self, folder, count, slots):
        self.folder = folder
        self.do("start", count, slots)
        self.names = [line.split()[0] for line in (folder / "hosts").read_text().splitlines()]

    def do(self, what, *words):
        subprocess.run([str(word) for word in (ROOT / "scripts/namespace-hosts", what, self.folder, *words)], check=True)

    def number(self, name):
        return self.names.index(name) + 1

    def arguments(self):
        net = re.sub(r"\d+$", "0/24", self.names[0])
        words = ["plm_rsh_agent", self.folder / "rsh", "oob_tcp_if_include", net, "btl_tcp_if_include", net]
        return [f"--hosts={self.folder / 'hosts'}", *(f"--mpirun-arg={word}" for name, value in zip(words[::2], words[1::2])
                                                      for word in ("--mca", name, value))]


@contextlib.contextmanager
def hosts(folder, count, slots):
    made = Hosts(folder, count, slots)
    try:
        yield made
    finally:
        made.do("stop")


def reached(run, number, count):
    """Holds the ranks when the start of that number has done so many steps."""
    def ready(lines):
        starts = [index for index, line in enumerate(lines) if line.get("event") == "start"]
        return starts[number:] and len(sr.steps(lines[starts[number]:])) >= count
    return run.held(ready)
