# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say in one line which tests ``make test`` leaves to ``make test-servers``. Nothing is run or imported."""

from __future__ import annotations

import ast
import pathlib
import sys

SERVERS = pathlib.Path(__file__).resolve().parent.parent / "tests/servers"


def tests_of(path: pathlib.Path) -> int:
    """Return how many test functions a file defines (a parametrised one counts once)."""
    tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    return sum(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        for node in ast.walk(tree)
    )


def line(folder: pathlib.Path) -> str:
    """Return the line to print."""
    left = [f"{path.relative_to(folder)} ({tests_of(path)})" for path in sorted(folder.rglob("test_*.py"))]
    if not left:
        return "Nothing was left to make test-servers: tests/servers has no tests."
    return f"Left to make test-servers (root, Debian packages): {', '.join(left)}"


if __name__ == "__main__":
    print(line(SERVERS))
    sys.exit(0)
