#!/usr/bin/env python3
"""count-tests.py RESULTS: sums up a run of ctest as "N passed, N failed"

RESULTS/ctest.xml names the entries that ran. An entry that left RESULTS/<entry>.xml, as the lit suite
and the GoogleTest binaries do, counts as many cases as are in there; any other counts as one. An entry
that failed without a failed case, by a crash or a time limit, adds one failure. Skipped cases do not
count.
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def failed(case):
    return case.find("failure") is not None or case.find("error") is not None


def skipped(case):
    return case.find("skipped") is not None or case.get("status") == "notrun"


def name_of(case):
    return f"{case.get('classname', '')}.{case.get('name')}".lstrip(".")


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
                failures.append(entry.get("name"))
            elif not skipped(entry):
                passed += 1
            continue
        cases = cases_of(details)
        bad = [name_of(case) for case in cases if failed(case)]
        passed += len(cases) - len(bad)
        if entry_failed and not bad:
            bad = [f"{entry.get('name')} ended without a result"]
        failures += bad
    for name in failures:
        print(f"failed: {name}")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1])))
