#!/usr/bin/env python3
"""Writes a plan.json with one thing wrong: edit_plan.py IN OUT WHAT"""

import json
import sys

source, target, what = sys.argv[1:]
plan = json.load(open(source))
if what == "type":
    plan["layout"]["pp"] = "two"
elif what == "dropped-layer":
    plan["stages"][1]["firstLayer"] += 1
    plan["stages"][1]["layers"] -= 1
    plan["stages"][1]["remat"].pop()
elif what == "negative":
    plan["layout"]["microBatch"] = -1
elif what == "version":
    plan["version"] = 9
elif what == "tp":
    plan["layout"]["tp"] = 2
else:
    sys.exit(f"unknown edit {what}")
json.dump(plan, open(target, "w"), indent=2)
