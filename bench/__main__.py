# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""make bench: what Rollcall costs, as ratios to what people would do otherwise."""

from __future__ import annotations

import argparse
import importlib
import os
import pathlib
import platform
import sys
import tempfile

from .measuring import Measured, as_json, measure, table
from .row import Place

#: The rows, in the order of the table; each is a file in rows/ with a function of that name.
ROWS = ("kill_switch", "reconcile", "first_load", "inventory", "policy", "ledger", "usual_way", "questions")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", default=",".join(ROWS), help="which, with commas between: %(default)s")
    parser.add_argument("--repeat", type=int, default=5, help="measured runs of each contestant (%(default)s)")
    parser.add_argument("--scale", type=float, default=1.0, help="less than 1 makes everything smaller, for a try")
    parser.add_argument("--json", type=pathlib.Path, default=pathlib.Path("build/bench.json"))
    options = parser.parse_args(arguments)
    names = options.rows.split(",")
    unknown = sorted(set(names) - set(ROWS))
    if unknown:
        parser.error(f"there is no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
    results: list[Measured] = []
    failed = []
    for name in names:
        module = importlib.import_module(f".rows.{name}", __package__)
        try:
            with tempfile.TemporaryDirectory(prefix="rollcall-bench-") as folder:
                place = Place(pathlib.Path(folder), options.scale)
                with module.rows(place) as rows:
                    for row in rows:
                        results.append(measure(row, options.repeat, lambda text: print(text, file=sys.stderr)))
                        print(table(results[-1:]), flush=True)
        except Exception as error:  # one row that breaks must not take the others with it; the exit code says it
            failed.append(name)
            print(f"{name}: FAILED: {error}", file=sys.stderr)
    about = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "scale": options.scale,
        "repeat": options.repeat,
        "failed": failed,
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(as_json(results, about), "utf-8")
    verdicts = [verdict for result in results for verdict in result.verdicts()]
    missed = [verdict for verdict in verdicts if not verdict.reached]
    print(f"\n{len(verdicts) - len(missed)} of {len(verdicts)} limits reached; every sample is in {options.json}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
