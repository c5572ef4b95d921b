#!/usr/bin/env python3
"""Wrong numbers in the memory of a rank on one of three hosts, judged by replays: verdict.py SIGMA SPEC WORK_FOLDER

Two hosts hold the ranks. A number is made wrong once; each time that the rank runs on the same host; each time that it runs. Checked: the verdict,
who is left out, and that every step that was kept has the loss of a run that nobody disturbed.
"""

import argparse
import json
import struct

from namespace_hosts import hosts, sr

RANK, STEP, INTERVAL = 1, 205, 100


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("sigma", "spec", "work"):
        parser.add_argument(name)
    return parser.parse_args()


def disturb(run, number, offset, wanted):
    """Makes a number of the rank wrong after the start of that number, when STEP is done, if the rank's host is `wanted`; gives the host.

    Nothing where the run ends before.
    """
    def ready(lines):
        starts = [index for index, line in enumerate(lines) if line.get("event") == "start"]
        if sr.events(lines, "end") or any(event.get("kind") == "wrong-program" for event in sr.events(lines, "fault")):
            return "ended"
        if len(starts) > number and any(line["step"] >= STEP for line in sr.steps(lines[starts[number]:])):
            return lines[starts[number]]
    with run.held(ready) as start:
        if start == "ended":
            return None
        host = start["hosts"][RANK]
        if wanted(host):
            write(start["pids"][RANK], start["arenas"][RANK] + offset)
        return host


def write(pid, address):
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
        memory.seek(address)
        value, = struct.unpack("<f", memory.read(4))
        memory.seek(address)
        memory.write(struct.pack("<f", value + 0.01))


def case(name, program, words, names, work, offset, again):
    """`again(first, host)`: whether to disturb the rank once more, which is on that host."""
    run = program.start(work / f"{name}.log", *words, f"--checkpoint-dir={work / name}", f"--checkpoint-interval={2 * INTERVAL}",
                        f"--check-interval={INTERVAL}", "--slow-factor=8", "--validate-within=10", *names.arguments(), supervise=True)
    first = None
    for number in range(4):
        host = disturb(run, number, offset, lambda host: first is None or again(first, host))
        if not host or (first and not again(first, host)):
            break
        first = first or host
    status, lines = run.wait(120), sr.read_log(run.log)
    verdicts = [f"{event['verdict']} in step {event['step']} of rank {event['rank']}" for event in sr.events(lines, "verdict")]
    out = [line.split("\t")[1] for line in (work / name / "nodes").read_text().splitlines()[1:]].count("cordoned")
    print(f"{name}: status {status}, {len(sr.events(lines, 'start'))} starts, {out} left out, {', '.join(verdicts)}", flush=True)
    return lines


def main():
    options = arguments()
    work = sr.empty_folder(options.work)
    text = sr.licences(work / "text")
    program = sr.build(options.sigma, options.spec, work / "program", None, "dp=4,ep=1,zero=0,expertZero=0")
    tensors = json.loads(sr.run([program.train, "--list-tensors"], work / "tensors"))
    offset = [tensor for tensor in tensors if tensor["name"] == "layers.0.mlp.up"][0]["arenaOffset"]
    words = [f"--data={text}", "--steps=420", "--quiet"]
    straight = program.run(work / "straight.log", *words)
    with hosts(work / "hosts", 3, 2) as names:
        about = (program, words, names, work, offset)
        once = case("once", *about, lambda first, host: False)
        always = case("on-a-host", *about, lambda first, host: host == first)
        case("everywhere", *about, lambda first, host: True)
    for lines in (once, always):
        wrong = [step for step in sr.steps(lines) if step["lossHex"] != sr.loss_bits(straight)[step["step"]]]
        # Steps with the wrong number in one replica were done again.
        print(f"final loss {'bit-identical' if sr.final_bits(lines) == sr.final_bits(straight) else 'DIFFERENT'}, "
              f"wrong steps {'between the number and its check' if all(STEP <= step['step'] <= 3 * INTERVAL for step in wrong) else 'ELSEWHERE'}")


main()
