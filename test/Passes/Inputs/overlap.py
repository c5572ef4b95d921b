"""Checks the memory plan of a printed program without the compiler: values of a function that are alive at once do not overlap,
and all lie inside the memory that the function says it takes. Reads a program from stdin."""

import re
import sys
from math import prod

BYTES = {"f32": 4, "f64": 8, "bf16": 2, "i32": 4}
TENSOR = re.compile(r"tensor<((?:\d+x)+)(f32|f64|bf16|i32)>")
PLACE = re.compile(r"#rank\.place<(\w+), (\d+)>")


def tensor_bytes(shape, element):
    return prod(int(n) for n in shape[:-1].split("x")) * BYTES[element]


def values(lines):
    """(name, space, begin byte, end byte, first line, last line) of each value that has a place."""
    for number, line in enumerate(lines):
        match = re.match(r"\s*(%[\w, %]+) = rank\..*?places = \[(.*?)\]", line)
        if not match:
            continue
        names = match.group(1).split(", ")
        # The results' types are the last ones of the line.
        types = TENSOR.findall(line)[-len(names) :]
        for name, (space, offset), type in zip(names, PLACE.findall(match.group(2)), types):
            used = [i for i in range(number, len(lines)) if re.search(re.escape(name) + r"(?!\w)", lines[i])]
            # Saved values live beyond the function.
            last = len(lines) if space == "slot" else used[-1]
            yield name, space, int(offset), int(offset) + tensor_bytes(*type), number, last


def check(header, lines):
    limit = {space: int(re.search(space + r"_bytes = (\d+)", header).group(1)) for space in ("slot", "transient")}
    placed = [value for value in values(lines) if value[1] in limit]
    for i, (name, space, begin, end, first, last) in enumerate(placed):
        if end > limit[space]:
            sys.exit(f"{name} ends at {end}, beyond the {space} memory of {limit[space]} bytes")
        for other, its_space, its_begin, its_end, its_first, its_last in placed[:i]:
            if space == its_space and begin < its_end and its_begin < end and first <= its_last and its_first <= last:
                sys.exit(f"{name} and {other} overlap in:\n{header}")
    return len(placed)


def main():
    text = sys.stdin.read()
    functions = re.findall(r"(rank\.func [^\n]*\{)\n(.*?)\n    \}", text, re.DOTALL)
    count = sum(check(header, body.splitlines()) for header, body in functions)
    print(f"{len(functions)} functions, {count} values, none overlap")


main()
