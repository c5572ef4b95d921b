#!/usr/bin/env python3
"""The matrix products of a rank by two threads: threads.py SIGMA SPEC WORK_FOLDER"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr


def main(sigma, spec, folder):
    work = sr.empty_folder(folder)
    text = sr.licences(work / "text")
    program = sr.build(sigma, spec, work / "program", 1)

    def run(name, *arguments):
        return program.run(work / f"{name}.log", f"--data={text}", "--steps=1", "--quiet", *arguments)

    one, two, again = run("one"), run("two", "--threads=2"), run("again", "--threads=2")
    for lines in (one, two):
        print(f"products by {sr.events(lines, 'start')[0]['products']}")
    print(f"repeat {'identical' if sr.loss_bits(two) == sr.loss_bits(again) else 'DIFFERENT'}")
    print(f"as one thread: {'ok' if sr.largest_difference(sr.losses(two), sr.losses(one)) < 1e-5 else 'DIFFERENT'}")


main(*sys.argv[1:])
