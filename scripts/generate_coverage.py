# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write docs/coverage.md: every system, what Rollcall does there by itself, and against what that is tested.

Nothing in it is claimed by hand. The operations are those of the connector's class with the connection of its example
in examples/catalog; how it is tested is what the case says that runs in the suite; a system without either fails.
"""

from __future__ import annotations

import argparse
import importlib
import pathlib
import sys
import typing as t

import yaml
from catalog_examples import EXAMPLES, connection_of

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
PAGE = CHECKOUT / "docs/coverage.md"
SYSTEMS = CHECKOUT / "scripts/systems.yml"
PAGES = CHECKOUT / "docs/systems"
ROOT = "ansible_collections.rollcall.access"
#: Tests of connectors and sources that are older than the suite of cases.
TESTED_ELSEWHERE = {
    "scim": "The PyPI package scim2-server, in five dialects, with faults (tests/conformance)",
    "file": "Exported lists in CSV and JSON, whole and broken (tests/unit/connectors/test_file_connector.py)",
    "linkedin_sales_navigator": (
        "A stateful SCIM fake after LinkedIn's help pages; it cannot list, so it has tests of its own "
        "(tests/conformance/products/test_linkedin_sales_navigator.py)"
    ),
    "none": "Nothing to speak to: its tasks are tested with the ledger (tests/unit/desks, tests/integration)",
}
SOURCES_TESTED_ELSEWHERE = {
    "csv": "Files, and five monthly exports of a thousand people (tests/unit/sources, tests/integration)",
    "json": "Files (tests/unit/sources)",
    "yaml": "Files (tests/unit/sources)",
    "sql": "SQLite, and a real PostgreSQL (tests/unit/sources, tests/servers)",
}

HEAD = """\
<!-- Written by scripts/generate_coverage.py from connectors, examples and tests: run `make generate`, do not edit. -->

# Coverage

What Rollcall does by itself in each system, and reads back. Whatever is not in the list becomes a tracked task with an
owner and a deadline, in every system. *How tested* is what runs in `make test` and `make test-servers`; no product's
own cloud was called.

"""


class Row(t.NamedTuple):
    system: str
    role: str
    by: str
    operations: str
    tested: str


def cases() -> dict[str, list[t.Any]]:
    """Return the product cases of the suite, by connector."""
    suite = importlib.import_module(f"{ROOT}.tests.conformance.product_suite")
    found: dict[str, list[t.Any]] = {}
    for folder in ("conformance", "servers"):
        path = CHECKOUT / "tests" / folder / "products"
        for case in suite.cases_in(f"{ROOT}.tests.{folder}.products", path):
            found.setdefault(case.connector, []).append(case)
    return found


def desk_cases() -> dict[str, list[t.Any]]:
    """Return the cases of the suite of desks, by the desk's word."""
    suite = importlib.import_module(f"{ROOT}.tests.conformance.desk_suite")
    found: dict[str, list[t.Any]] = {}
    for folder in ("conformance", "servers"):
        path = CHECKOUT / "tests" / folder / "desks"
        for case in suite.desk_cases_in(f"{ROOT}.tests.{folder}.desks", path):
            found.setdefault(case.word, []).append(case)
    return found


def source_cases() -> dict[str, str]:
    """Return how each source of people is tested: type -> sentence."""
    module = importlib.import_module(f"{ROOT}.tests.conformance.sources")
    return {**SOURCES_TESTED_ELSEWHERE, **module.TESTED}


def rows() -> list[Row]:
    """Return the rows of the table. Exits with a message for a system that nothing covers or nothing tests."""
    tested, sources, desks = cases(), source_cases(), desk_cases()
    found: list[Row] = []
    for entry in yaml.safe_load(SYSTEMS.read_text(encoding="utf-8")):
        system, role = entry["system"], entry["role"]
        before = len(found)
        for word in entry.get("connectors", ()):
            names = _by_itself(word, {} if word == "file" else connection_of(word))
            how = "; ".join(
                dict.fromkeys(case.tested.rstrip(".") for case in tested.get(word, ()))
            ) or TESTED_ELSEWHERE.get(word)
            if not how:
                raise SystemExit(f"{system}: no case of the suite has connector {word!r}")
            found.append(Row(system, role, _linked(word, f"`{word}`"), names, how))
        for name in entry.get("examples", ()):
            (app,) = yaml.safe_load((EXAMPLES / f"{name}.yml").read_text(encoding="utf-8"))["apps"].values()
            word = app["connector"]
            how = "; ".join(case.tested.rstrip(".") for case in tested.get(word, ()) if case.system == system)
            if not how:
                raise SystemExit(f"{system}: no case of the suite has this system and connector {word!r}")
            names = _by_itself(word, app["connection"])
            found.append(Row(system, role, _linked(name, f"`{word}`, an entry"), names, how))
        for word in entry.get("sources", ()):
            if word not in sources:
                raise SystemExit(f"{system}: nothing says how the source {word!r} is tested")
            found.append(Row(system, "HR source", _linked(word, f"`type: {word}`"), "people", sources[word]))
        if "template" in entry:
            path = EXAMPLES / f"{entry['template']}.yml"
            if not path.exists():
                raise SystemExit(f"{system}: there is no {path.relative_to(CHECKOUT)}")
            link = f"[template](../examples/catalog/{path.name})"
            found.append(Row(system, role, link, "tasks, with a recipe", "The template is loaded and checked"))
        for word in entry.get("desks", ()):
            how = "; ".join(dict.fromkeys(case.tested.rstrip(".") for case in desks.get(word, ())))
            page_of = CHECKOUT / f"docs/desks/{word}.md"
            if not how or not page_of.exists():
                raise SystemExit(f"{system}: the desk {word!r} has no case in the suite, or no page in docs/desks")
            found.append(Row(system, "ticket desk", f"[`type: {word}`](desks/{word}.md)", "tasks as tickets", how))
        if len(found) == before:
            raise SystemExit(f"{system}: neither a connector, nor an example, nor a source, nor a desk, nor a template")
    return found


def _by_itself(word: str, connection: t.Mapping[str, t.Any]) -> str:
    """Return what a connector does in an app with this connection, in the order in which it is usually told."""
    order = importlib.import_module(f"{ROOT}.plugins.module_utils.connectors.contract").OPERATIONS
    kind = importlib.import_module(f"{ROOT}.plugins.module_utils.connectors.registry").connector_class(word)
    can = kind.operations_for(connection)
    return ", ".join([*(["read"] if kind.reads else []), *(n.replace("_", " ") for n in order if n in can)]) or "tasks"


def _linked(word: str, text: str) -> str:
    return f"[{text}](systems/{word}.md)" if (PAGES / f"{word}.md").exists() else text


def page(found: t.Sequence[Row]) -> str:
    lines = ["| system | role | by | by itself | how tested |", "|---|---|---|---|---|"]
    before = ""
    for row in found:
        cells = [row.system if row.system != before else "", *row[1:]]
        before = row.system
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return HEAD + "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail where the file is out of date")
    arguments = parser.parse_args()
    text = page(rows())
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    if arguments.check:
        print("docs/coverage.md is not what is implemented and tested. Run: make generate", file=sys.stderr)
        return 1
    PAGE.write_text(text, encoding="utf-8")
    print("docs/coverage.md is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
