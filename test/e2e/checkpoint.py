#!/usr/bin/env python3
"""A checkpoint that was written anew, by sigma or by another plan, is as the one it was made of: checkpoint.py SIGMA SPEC WORK_FOLDER"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sigma_runs as sr


def main(sigma, spec, folder):
    work = sr.empty_folder(folder)
    text = sr.licences(work / "text")

    def trained(program, name, steps, checkpoints):
        lines = program.run(work / f"{name}.log", f"--data={text}", f"--steps={steps}", "--quiet", "--resume",
                            f"--checkpoint-dir={checkpoints}", "--checkpoint-interval=5")
        return sr.final_bits(lines)

    first, second = sr.build_plan(sigma, spec, work, "pp2-ep2"), sr.build_plan(sigma, spec, work, "dp4")
    trained(first, "first", 10, work / "written")
    for files in (1, 3):
        sr.run([sigma, "checkpoint", "reshard", work / "written", "-o", work / f"files{files}", f"--files={files}"], work / "out")
    for program, source, target in ((second, "written", "of-second"), (first, "of-second", "back")):
        sr.run(program.command(f"--data={text}", "--resume", f"--checkpoint-dir={work / source}", f"--save-as={work / target}"), work / "out")
    wanted = trained(second, "second", 15, work / "written")
    for files in (1, 3):
        same = trained(second, f"from{files}", 15, work / f"files{files}") == wanted
        print(f"from {files} files: {'bit-identical' if same else 'DIFFERENT'}")


main(*sys.argv[1:])
