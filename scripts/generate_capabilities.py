# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write docs/capabilities.md, the table of what each connector can do; ``--check`` only says whether it holds.

A connector can do what its class implements: nothing declares it a second time, so the table is read from the classes.
"""

from __future__ import annotations

import argparse
import importlib
import pathlib
import sys
import typing as t

from catalog_examples import connection_of

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
PAGE = CHECKOUT / "docs/capabilities.md"
PACKAGE = "ansible_collections.rollcall.access.plugins.module_utils.connectors"

HEAD = """\
<!-- Written by scripts/generate_capabilities.py from the connector classes: run `make generate` instead of editing. -->

# What each connector can do

A yes is done by Rollcall itself and read back. Everything else becomes a tracked task for the app's owner, with its
deadline. It goes by the example in [examples/catalog](../examples/catalog): some settings add an operation or take one
away. [coverage.md](coverage.md) says how each is tested. *Reads* means that the app (or its exported list) shows who
has what; where it does not, Rollcall goes by what the owners have confirmed.

"""


def connector_classes() -> list[t.Any]:
    """Return every connector's class, by name."""
    registry = importlib.import_module(f"{PACKAGE}.registry")
    return [registry.connector_class(name) for name in sorted(registry.known())]


def operations_of(connector: t.Any) -> frozenset[str]:
    """Return what a connector does with the settings of its example; ``file`` and ``none`` have none that matter."""
    if connector.name in ("file", "none"):
        return frozenset(connector.operations())
    return frozenset(connector.operations_for(connection_of(connector.name)))


def page(classes: list[t.Any], operations: t.Sequence[str]) -> str:
    """Return the whole page: one row for each connector, one column for each operation."""
    rows = [
        ["connector", "reads", *(operation.replace("_", " ") for operation in operations)],
        ["---", *[":---:"] * (len(operations) + 1)],
    ]
    for connector in classes:
        can = operations_of(connector)
        rows.append(
            [f"`{connector.name}`", "yes" if connector.reads else "", *("yes" if o in can else "" for o in operations)]
        )
    return HEAD + "".join("| " + " | ".join(row) + " |\n" for row in rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail where the file is out of date")
    arguments = parser.parse_args()
    text = page(connector_classes(), importlib.import_module(f"{PACKAGE}.contract").OPERATIONS)
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if before == text:
        return 0
    if arguments.check:
        print("docs/capabilities.md is not what the connectors implement. Run: make generate", file=sys.stderr)
        return 1
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    print("docs/capabilities.md is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
