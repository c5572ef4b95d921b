#!/usr/bin/env python3
"""count-tests.py RESULTS: sums up a run of ctest as "N passed, N failed"

RESULTS/ctest.xml names the entries that ran. An entry that left RESULTS/<entry>.xml, as the lit suite
and the GoogleTest binaries do, counts as many cases as are in there; any other counts as one. An entry
that failed without a failed case, by a crash or a time limit, adds one failure. Skipped cases do not
count. Below the name of what failed stand the last lines that it said.
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree

SHOWN_LINES = 15


def failed(case):
    return case.find("failure") is not None or case.find("error") is not None


def skipped(case):
    return case.find("skipped") is not None or case.get("status") == "notrun"


def name_of(case):
    return f"{case.get('classname', '')}.{case.get('name')}".lstrip(".")


def said(case):
    """The output of a case: lit's and GoogleTest's of a failure, ctest's of an entry."""
    texts = (case.findtext(element) for element in ("failure", "error", "system-out"))
    return next((text for text in texts if text and text.strip()), "")


def print_failure(name, output):
    print(f"failed: {name}")
    for line in output.strip().splitlines()[-SHOWN_LINES:]:
        print(f"    {line}".rstrip())


def cases_of(path):
    """The cases of a JUnit file; none when the process died while it wrote the file."""
    try:
        return [case for case in ElementTree.parse(path).iter("testcase") if not skipped(case)]
    except ElementTree.ParseError:
        return []


def main(results):
    passed, failures = 0, []
    for entry in ElementTree.parse(results / "ctest.xml").iter("testcase"):
        entry_failed = failed(entry) or entry.get("status") == "fail"
        details = results / f"{entry.get('name')}.xml"
        if not details.exists():
            if entry_failed:
                failures.append((entry.get("name"), said(entry)))
            elif not skipped(entry):
                passed += 1
            continue
        cases = cases_of(details)
        bad = [(name_of(case), said(case)) for case in cases if failed(case)]
        passed += len(cases) - len(bad)
        if entry_failed and not bad:
            bad = [(f"{entry.get('name')} ended without a result", said(entry))]
        failures += bad
    for name, output in failures:
        print_failure(name, output)
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1])))
