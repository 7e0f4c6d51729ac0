# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the table of questions in docs/for-auditors.md; ``--check`` only says whether it holds.

What a question is called, takes and shows is in the registry of questions: the table is read from there.
"""

from __future__ import annotations

import argparse
import importlib
import pathlib
import re
import sys
import typing as t

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
PAGE = CHECKOUT / "docs/for-auditors.md"
REGISTRY = "ansible_collections.rollcall.access.plugins.module_utils.reports.questions.registry"

BEGIN = "<!-- The questions: written by scripts/generate_questions.py, run `make generate` instead of editing. -->\n"
END = "<!-- The end of the questions. -->\n"
BLOCK = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)

#: What stands in the commands.
EXAMPLES = {
    "app": "github",
    "person": "ben.cole",
    "entitlement": "developers",
    "department": "Finance",
    "on": "2026-03-01",
    "since": "2026-01-01",
    "until": "2026-06-30",
    "sample": "25",
    "seed": "any-text",
}


def arguments_of(question: t.Any) -> str:
    """Return what a question's command ends with: what it needs, and in brackets what it takes besides."""
    words = [f"-e rollcall_question={question.key}"]
    words += [f"-e rollcall_{name}={EXAMPLES[name]}" for name in question.needs]
    words += [f"[-e rollcall_{name}={EXAMPLES[name]}]" for name in question.takes]
    return " ".join(words)


def table(questions: t.Iterable[t.Any]) -> str:
    """Return the table: a row for each question."""
    rows = ["|   | question | arguments | shows | helps with |", "|---|---|---|---|---|"]
    for number, one in enumerate(questions, start=1):
        helps = ", ".join(one.criteria)
        rows.append(f"| {number} | {one.title} | `{arguments_of(one)}` | {one.shows} | {helps} |")
    return BEGIN + "\n" + "\n".join(rows) + "\n\n" + END


def with_table(page: str, questions: t.Iterable[t.Any]) -> str:
    """Return the page with the table in its place. It is an error when it has no place."""
    made, count = BLOCK.subn(lambda _found: table(questions), page)
    if count != 1:
        raise SystemExit(f"{PAGE.name} has {count} places for the questions instead of one: {BEGIN.strip()} ... {END}")
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail where the file is out of date")
    arguments = parser.parse_args()
    before = PAGE.read_text(encoding="utf-8")
    after = with_table(before, importlib.import_module(REGISTRY).QUESTIONS)
    if before == after:
        return 0
    if arguments.check:
        print("docs/for-auditors.md does not list the questions that there are. Run: make generate", file=sys.stderr)
        return 1
    PAGE.write_text(after, encoding="utf-8")
    print("docs/for-auditors.md is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
