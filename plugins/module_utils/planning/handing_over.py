# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a leaver leaves behind, line by line, and what the manager says shall become of each."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..model import App, Person
from ..policy.organisation import Organisation

#: What may be said instead of an address, and what it means.
WORDS: t.Mapping[str, str] = {
    "delete": "delete",
    "archive": "archive",
    "keep": "keep",
    "none": "keep",
    "nobody": "keep",
    "manager": "manager",
    "me": "me",
}
#: One answer for everything that has no line of its own.
EVERYTHING = "everything"
DELETE, ARCHIVE, KEEP = "delete", "archive", "keep"

_LINE = re.compile(r"\s*(?:[-*]\s+)?(?P<name>[^:=;\n]{1,80}?)\s*[:=]\s*(?P<value>[^;\n]*)")


@dataclasses.dataclass(frozen=True)
class Line:
    """One thing of one app that somebody has to take over."""

    app: str
    thing: str

    @property
    def key(self) -> str:
        return f"{self.app} {self.thing}"


@dataclasses.dataclass(frozen=True)
class Chosen:
    """What was said. ``to`` has, by the key of the line, the id of a person, or delete, archive or keep; a line that
    nobody spoke of is not in it. ``wrong`` says in words what cannot be used.
    """

    to: t.Mapping[str, str]
    wrong: tuple[str, ...] = ()


def lines_for(apps: t.Iterable[App], has: t.Collection[str]) -> tuple[Line, ...]:
    """Return what has to be taken over in those of ``apps`` in which the leaver has, or had, an account."""
    chosen = sorted((app for app in apps if app.key in has), key=lambda app: app.key)
    return tuple(Line(app.key, _one_line(thing)) for app in chosen for thing in app.leave.hand_over)


def choices_in(
    text: str,
    lines: t.Sequence[Line],
    people: Organisation,
    *,
    leaver: str,
    manager: str = "",
    by: str = "",
    gone: t.Collection[str] = (),
) -> Chosen:
    """Read what somebody answered: ``google_workspace mailbox: jane@acme.example``, one line (or part between ``;``)
    for each.

    The name of the app may be left out: then all things of that name are meant. ``manager`` and ``me`` mean the ids
    ``manager`` and that of whom ``by`` names. Nobody who is unknown, has left (``gone``, ids) or is the ``leaver``
    themselves can take anything over. Other text is left alone.
    """
    found: dict[str, str] = {}
    rest = ""
    wrong: list[str] = []
    for part in re.split(r"[;\n]", text):
        said = _LINE.fullmatch(part)
        if said is None:
            continue
        name, value = " ".join(said["name"].casefold().split()), said["value"].strip().strip("<>").rstrip(".,")
        meant = [line for line in lines if name in (line.key.casefold(), line.thing.casefold())]
        if not meant and name != EVERYTHING:
            if _is_choice(value):
                wrong.append(f'"{_one_line(said["name"])}" is none of: {", ".join(line.key for line in lines)}')
            continue
        to, why = _meaning(value, people, leaver=leaver, manager=manager, by=by, gone=gone)
        if why:
            wrong.append(f'"{name}: {_one_line(value)}": {why}')
        elif name == EVERYTHING:
            rest = to
        else:
            for line in meant:
                if found.setdefault(line.key, to) != to:
                    wrong.append(f'"{line.key}" is answered twice, and differently')
    if rest:
        found = {**{line.key: rest for line in lines}, **found}
    if not found and not wrong:
        wrong.append("nothing is said about any of: " + ", ".join(line.key for line in lines))
    return Chosen(found, tuple(dict.fromkeys(wrong)))


def heir_done_already(app: App, to: str, heir: Person | None) -> bool:
    """Return whether what was chosen is what ``leave.transfer`` of the app does in any case."""
    return app.leave.transfer == "manager" and heir is not None and to == heir.id


def nothing_to_do(app: App, to: str) -> bool:
    """Return whether keeping a thing takes no work: nothing of the account is ever deleted."""
    return to == KEEP and app.leave.then != "delete" and app.leave.delete_after is None


def _meaning(
    value: str, people: Organisation, *, leaver: str, manager: str, by: str, gone: t.Collection[str]
) -> tuple[str, str]:
    """Return (what it means, what is wrong with it), one of them empty."""
    word = WORDS.get(value.casefold(), "")
    if word in (DELETE, ARCHIVE, KEEP):
        return word, ""
    if word == "manager" and not manager:
        return "", "there is no manager who is still here"
    if word == "manager":
        return manager, ""
    named = people.named(by if word == "me" else value) if value else ()
    if not value:
        return "", "it says nothing"
    if len(named) != 1:
        return "", "nobody of that name or address is known in HR" if not named else "several people are called so"
    if named[0].id == leaver:
        return "", "that is the person who has left"
    if named[0].id in gone:
        return "", "that person has left, too"
    return named[0].id, ""


def _is_choice(value: str) -> bool:
    return value.casefold() in WORDS or re.fullmatch(r"[^\s@]+@[^\s@]+", value) is not None


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
