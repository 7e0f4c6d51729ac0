# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The corpus, and what would give away that one of its texts was evaluated."""

from __future__ import annotations

import functools
import html.parser
import pathlib
import re
import typing as t

import yaml

#: What only a program makes of 7919 * 7907.
PRODUCT = "62615533"
#: What a shell, a template or a page would make.
PWNED = "pwned"
#: A text of its own on a line of its own: somebody wrote a line of the log.
FORGED = re.compile(r"^(ok: \[localhost\] => )?FORGED-LINE", re.MULTILINE)
#: What a terminal would obey. Line feed and tab are ours; from U+007F on Ansible's own JSON leaves texts as they are.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f]")


@functools.cache
def corpus() -> t.Mapping[str, tuple[str, ...]]:
    """Return the texts by class."""
    file = pathlib.Path(__file__).with_name("payloads.yml")
    return {name: tuple(texts) for name, texts in yaml.safe_load(file.read_text(encoding="utf-8")).items()}


def payloads() -> list[str]:
    return [text for texts in corpus().values() for text in texts]


def evaluated_in(text: str) -> list[str]:
    """Return what shows that something of a text was evaluated, or that it reached a terminal as it was."""
    found = [PRODUCT] if PRODUCT in text else []
    found += [f"a forged line: {match[0]!r}" for match in FORGED.finditer(text)]
    found += [f"{text[max(0, m.start() - 60) : m.end() + 30]!r}" for m in CONTROLS.finditer(text)]
    return found


def evaluated_below(folder: pathlib.Path) -> list[str]:
    """Return the files below a folder that something made, or wrote into, that evaluated a text."""
    found = [str(path) for path in folder.rglob("*") if path.name.startswith(PWNED)]
    for path in folder.rglob("*"):
        if path.is_file() and PRODUCT.encode() in path.read_bytes():
            found.append(f"{path} holds {PRODUCT}")
    return found


class Shape(html.parser.HTMLParser):
    """The elements of a page with the names of their attributes, and the values of those that lead somewhere."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: set[tuple[str, tuple[str, ...]]] = set()
        self.leads: set[str] = set()
        self.scripts = 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add((tag, tuple(sorted(name for name, _value in attrs))))
        self.scripts += tag == "script"
        self.leads |= {value or "" for name, value in attrs if name in ("href", "src", "action", "formaction", "style")}

    handle_startendtag = handle_starttag
