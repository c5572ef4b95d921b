#!/usr/bin/env python3
"""Whether two plan.json have the same layout and stages: same_plan.py A B"""

import json
import sys

a, b = ({key: json.load(open(path))[key] for key in ("layout", "stages", "predicted")} for path in sys.argv[1:])
for part in a:
    if a[part] != b[part]:
        sys.exit(f"{part} differs:\n{a[part]}\n{b[part]}")
print("the same plan")
