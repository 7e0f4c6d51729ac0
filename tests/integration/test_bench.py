# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make bench` runs, on a small company: its contestants do their work, and say what the benchmark waits for.

Only two of its rows: they start all that the others do, and need nothing that only the benchmark needs. How long
anything takes is not looked at.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

BENCH = "ansible_collections.rollcall.access.bench"


def test_an_emergency_and_a_first_load_are_measured(tmp_path: pathlib.Path) -> None:
    found = tmp_path / "bench.json"
    # 500 people with two changes each: a number with a comma in it, as in the whole benchmark
    small = ("--rows", "kill_switch,first_load", "--scale", "0.05", "--repeat", "1", "--json", str(found))
    ended = subprocess.run(
        [sys.executable, "-m", BENCH, *small], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    written = json.loads(found.read_text("utf-8"))
    assert written["failed"] == []
    measured = {row["key"]: row["contestants"] for row in written["rows"]}
    assert list(measured) == ["kill switch", "first load"]
    for contestants in measured.values():
        assert len(contestants) == 3
        assert all(len(one["seconds"]) == 1 and one["seconds"][0] > 0 for one in contestants)
