# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ticket in which somebody asks for access, read line by line. What cannot be read is asked for, never guessed."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import typing as t

from ..model import App
from ..policy.values import Catalog, Pair

_WORDS = {
    "app": ("app", "apps", "application", "system"),
    "access": ("access", "entitlement", "entitlements", "role", "roles", "permission", "permissions"),
    "person": ("for", "person", "for whom"),
    "reason": ("why", "reason", "because"),
    "until": ("until", "till", "last day"),
    "start": ("from", "first day"),
}
_NAME = {word: name for name, words in _WORDS.items() for word in words}
_LINE = re.compile(r"(?P<name>[A-Za-z][A-Za-z ]{0,11}?)\s*[:=]\s*(?P<value>.*)")
_LASTS = re.compile(r"(?:for\s+)?(?P<count>[0-9]{1,4})\s*(?P<unit>days?|d|weeks?|w)\.?", re.IGNORECASE)
_UNTIL = re.compile(r"until\s+(?P<day>\S+?)\.?", re.IGNORECASE)
_ME = frozenset({"me", "myself", "i"})
#: What asks for an account without any entitlement.
_ACCOUNT = frozenset({"account", "an account"})
_LONGEST_VALUE = 200


@dataclasses.dataclass(frozen=True)
class Read:
    """What a ticket says; ``person`` is empty for whoever opened it. ``missing`` says in words what it lacks."""

    grants: tuple[Pair, ...] = ()
    person: str = ""
    reason: str = ""
    until: dt.date | None = None
    lasts: dt.timedelta | None = None
    start: dt.date | None = None
    missing: tuple[str, ...] = ()


def read_ticket(lines: t.Iterable[str], catalog: Catalog) -> Read:
    """Return what the lines of a ticket ask for. A later line of a name takes the place of an earlier one, but for
    apps: each begins a part of its own, to which the ``access`` lines below it belong.
    """
    reading = _Reading(catalog)
    for line in lines:
        reading.line(" ".join(line.split()))
    return reading.read()


def how_to_ask(missing: t.Sequence[str]) -> str:
    """Return what somebody is told whose ticket cannot be read."""
    return "\n".join(
        [
            "This cannot be taken in as a request for access yet:",
            *(f"- {one}" for one in missing),
            "",
            "Answer with the lines that are missing or wrong, each on a line of its own:",
            "  app: the app",
            "  access: what you need in it",
            "  why: the reason",
            "  until: 2026-12-31   (or: for 30 days)",
            "  for: somebody@your.company   (left out: for you)",
        ]
    )


class _Reading:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.parts: list[tuple[str, list[str]]] = []
        self.texts: dict[str, str] = {}
        self.wrong: list[str] = []
        self.lasts: dt.timedelta | None = None
        self._goes_on = False  # the next line belongs to the reason
        self._together = False  # no empty line since the last app or access

    def line(self, line: str) -> None:
        if not line:
            self._goes_on, self._together = False, False
            return
        found = _LINE.fullmatch(line)
        name = _NAME.get(found["name"].casefold(), "") if found else ""
        value = found["value"].strip() if found and name else ""
        if self._period(value if name in ("person", "until") else line):
            self._goes_on = False
        elif name:
            self._goes_on = name == "reason"
            self._take(name, value)
        elif bare := _UNTIL.fullmatch(line):
            self._goes_on = False
            self.texts["until"], self.lasts = bare["day"], None
        elif self._goes_on:
            self.texts["reason"] = f"{self.texts['reason']} {line}".strip()

    def _period(self, text: str) -> bool:
        found = _LASTS.fullmatch(text)
        if not found:
            return False
        days = int(found["count"]) * (7 if found["unit"][0] in "wW" else 1)
        self.lasts = dt.timedelta(days=days)
        self.texts.pop("until", None)
        return True

    def _take(self, name: str, value: str) -> None:
        if name == "app":
            if value:
                self.parts.append((value[:_LONGEST_VALUE], []))
                self._together = True
        elif name == "access":
            if not self._together:
                # below an empty line, or in an answer, it is said anew
                self.parts.append(("", []))
                self._together = True
            self.parts[-1][1].extend(one.strip()[:_LONGEST_VALUE] for one in re.split(r"[,;]", value) if one.strip())
        else:
            self.texts[name] = value
            if name == "until":
                self.lasts = None

    def read(self) -> Read:
        grants = tuple(dict.fromkeys(pair for app, access in self._merged() for pair in self._pairs(app, access)))
        until, start = self._day("until"), self._day("start")
        reason, person = self.texts.get("reason", ""), self.texts.get("person", "")
        if not reason:
            self.wrong.append("why: it does not say why")
        if until is None and "until" not in self.texts and self.lasts is None and not self._bounded(grants):
            self.wrong.append("until: it does not say until when")
        return Read(
            grants,
            "" if person.casefold() in _ME else person,
            reason,
            until,
            self.lasts,
            start,
            tuple(self.wrong),
        )

    def _merged(self) -> list[tuple[str, list[str]]]:
        """Of what a ticket and its answers say, an app that is named again is the one of before, said better."""
        if not any(app for app, _access in self.parts):
            self.wrong.append("app: it does not name an app")
            return []
        merged: dict[str, list[str]] = {}
        key = next(app for app, _access in self.parts if app)
        for app, access in self.parts:
            key = app or key  # what names no app is about the one above
            merged[key] = access or merged.get(key, [])
        return list(merged.items())

    def _pairs(self, name: str, access: t.Sequence[str]) -> list[Pair]:
        app = self._app(name)
        if app is None:
            self.wrong.append(f'app: there is no app "{name}"')
            return []
        there = ", ".join(sorted(app.entitlements)) or "no more than the account itself"
        if not access and app.entitlements:
            self.wrong.append(f"access: it does not say what is needed in {app.key} (there is: {there})")
            return []
        pairs = []
        for word in access or [""]:
            key = "" if word.casefold() in ("", *_ACCOUNT) else _entitlement(app, word)
            if key is None:
                self.wrong.append(f'access: {app.key} has no "{word}" (there is: {there})')
            else:
                pairs.append((app.key, key))
        return pairs

    def _app(self, name: str) -> App | None:
        wanted = name.casefold()
        found = [app for app in self.catalog.apps.values() if wanted in (app.key.casefold(), app.name.casefold())]
        exact = [app for app in found if app.key.casefold() == wanted]
        return exact[0] if exact else found[0] if len(found) == 1 else None

    def _bounded(self, grants: t.Iterable[Pair]) -> bool:
        return any(self.catalog.apps[app].approval.longest for app, _entitlement in grants)

    def _day(self, name: str) -> dt.date | None:
        text = self.texts.get(name, "")
        if not text:
            return None
        try:
            return dt.date.fromisoformat(text if len(text) == 10 else "")
        except ValueError:
            word = "from" if name == "start" else name
            self.wrong.append(f'{word}: "{text[:40]}" is not a day such as 2026-12-31')
            return None


def _entitlement(app: App, word: str) -> str | None:
    wanted = word.casefold()
    keys = [one.key for one in app.entitlements.values() if one.key.casefold() == wanted]
    values = [one.key for one in app.entitlements.values() if one.value.casefold() == wanted]
    found = keys or values
    return found[0] if len(found) == 1 else None
