"""Printing, parsing and printing again gives the same text, through text, generic form and bytecode: identity.py SIGMA_OPT FILE..."""

import subprocess
import sys


def run(opt, *arguments, text=None):
    return subprocess.run([opt, *arguments], input=text, stdout=subprocess.PIPE, check=True, timeout=120).stdout


def main(opt, *files):
    for path in files:
        printed = run(opt, path)
        for form in ([], ["--mlir-print-op-generic"], ["--emit-bytecode"]):
            again = run(opt, "-", text=run(opt, *form, path))
            if again != printed:
                sys.exit(f"{path}: {' '.join(form) or 'text'} is not the identity")
    print(f"{len(files)} files, all identical")


main(*sys.argv[1:])
