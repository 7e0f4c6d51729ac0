# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of the browser connector: what the catalog says, checked and typed. Nothing here starts a browser."""

from __future__ import annotations

import dataclasses
import difflib
import re
import typing as t

from ..protocols.placeholders import FILTERS, filled, filled_path, placeholders_in
from ..protocols.shaping import Path, Problem

#: verb -> the further keys that it needs, and those that it may have (``timeout`` is always one)
VERBS: t.Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "go": (frozenset(), frozenset()),
    "fill": (frozenset({"with"}), frozenset({"in"})),
    "add": (frozenset({"with"}), frozenset({"in", "separator"})),
    "remove": (frozenset({"with"}), frozenset({"in", "separator"})),
    "select": (frozenset({"with"}), frozenset({"in"})),
    "check": (frozenset(), frozenset({"in"})),
    "uncheck": (frozenset(), frozenset({"in"})),
    "click": (frozenset(), frozenset({"in", "accept"})),
    "press": (frozenset({"with"}), frozenset({"in", "accept"})),
    "read": (frozenset({"as"}), frozenset({"in", "attribute"})),
    "expect": (frozenset(), frozenset({"in", "with", "gone"})),
}
#: Verbs that change something on the page, or may.
CHANGING = frozenset({"fill", "add", "remove", "select", "check", "uncheck", "click", "press"})
#: Verbs after which the app may have done something.
SENDING = frozenset({"click", "press"})
#: How an element can be named besides by a selector: by what people see. These may hold placeholders.
BY_SIGHT = ("label", "text", "button", "link")

OF_CONNECTION = frozenset({"connection.username", "connection.password"})
OF_ACCOUNT = frozenset({"id", "username", "email", "external_id", "given_name", "family_name", "name"})
KINDS = ("role", "group", "team", "licence", "permission")
#: Placeholders whose value is never shown: they go into fields and nowhere else.
SECRET = frozenset({"connection.password", "random_password"})


@dataclasses.dataclass(frozen=True)
class Row:
    """One row out of several: the one in which the text of ``cell`` is exactly ``text``."""

    rows: str
    cell: str
    text: str


@dataclasses.dataclass(frozen=True)
class Step:
    """One step. ``target`` is a selector, or with ``by`` what people see of the element; templates are not filled."""

    verb: str
    target: str
    by: str = ""
    text: str = ""
    row: Row | None = None
    timeout: float | None = None
    accept: bool = False
    gone: bool = False
    separator: str = ","
    name: str = ""
    attribute: str = ""

    @property
    def literal(self) -> bool:
        """Whether the text is written in the catalog as it is; it may have come out of a vault."""
        return bool(self.text) and not placeholders_in(self.text)

    @property
    def secret(self) -> bool:
        """Whether the text may be secret, and has no place in a message."""
        names = {name for name, _filter in placeholders_in(self.text)}
        return bool(names & SECRET) or (self.verb == "fill" and self.literal)

    def shown(self, values: t.Mapping[str, t.Any]) -> str:
        """Return the step in words, for messages; what is secret stays out of it."""
        words = [self.verb, f"{self.by} {value(self.target, values)!r}" if self.by else self.target]
        if self.text and not self.secret:
            words.append(f"with {value(self.text, values)!r}")
        if self.gone:
            words.append("gone")
        if self.row:
            words.append(f"in the row whose {self.row.cell} is {value(self.row.text, values)!r}")
        return " ".join(words)


def value(template: str, values: t.Mapping[str, t.Any]) -> str:
    """Return a text with its placeholders filled in; the values are data, whatever they hold."""
    return str(filled(template, values) or "")


def url_path(template: str, values: t.Mapping[str, t.Any]) -> str:
    """Return the path of a ``go`` with every value quoted."""
    return filled_path(template, values)


class Reader:
    """Reads steps and collects what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, path: Path, message: str, todo: str = "") -> None:
        self.problems.append(Problem(path, message, todo))

    def steps(self, given: t.Any, path: Path, known: t.Collection[str]) -> tuple[Step, ...]:
        """Return a list of steps; ``known`` are the placeholders that they may hold."""
        if not isinstance(given, list | tuple) or not given:
            self.wrong(path, "expected a list of steps", "Write one step a line, like - go: /admin/users")
            return ()
        names = set(known)
        steps = []
        for number, one in enumerate(given):
            step = self._step(one, (*path, number), names)
            if step is None:
                continue
            if step.name:
                names.add(step.name)
            steps.append(step)
        if steps and path[-1] != "next" and steps[0].verb != "go":
            # where the browser was left by another operation is no place to begin
            self.wrong((*path, 0), f"expected go as the first step, found {steps[0].verb}", "Begin with - go: /a/page")
        return tuple(steps)

    def _step(self, given: t.Any, path: Path, known: t.Collection[str]) -> Step | None:
        if not isinstance(given, t.Mapping):
            self.wrong(path, f"expected a step, found {given!r}", "A step is like {click: button.save}")
            return None
        verbs = [key for key in given if key in VERBS]
        if len(verbs) != 1:
            found = ", ".join(str(key) for key in given) or "nothing"
            near = difflib.get_close_matches(str(next(iter(given), "")), VERBS, n=1)
            hint = f"Did you mean {near[0]}? " if near and not verbs else ""
            self.wrong(
                path, f"expected one of {', '.join(VERBS)}; found {found}", f"{hint}A step does one thing".strip()
            )
            return None
        verb = verbs[0]
        needed, possible = VERBS[verb]
        for key in given:
            if key not in (verb, "timeout") and key not in needed | possible:
                self.wrong(
                    (*path, str(key)), f"{verb} has no {key}", f"It takes {', '.join(sorted(needed | possible))}"
                )
        for key in sorted(needed - set(given)):
            self.wrong(path, f"{verb} needs {key}")
        by, target = self._target(verb, given[verb], (*path, verb), known)
        texts = {"with": "", "as": "", "attribute": "", "separator": ","}
        for key in texts:
            if key in given:
                texts[key] = self._text(given[key], (*path, key), known, secrets=(verb, key) == ("fill", "with"))
        if verb == "read" and not texts["as"].isidentifier():
            self.wrong((*path, "as"), "expected a word that later steps use as a placeholder")
        return Step(
            verb=verb,
            target=target,
            by=by,
            text=texts["with"],
            row=self._row(given["in"], (*path, "in"), known) if "in" in given else None,
            timeout=self._seconds(given.get("timeout"), (*path, "timeout")),
            accept=self._flag(given.get("accept"), (*path, "accept")),
            gone=self._flag(given.get("gone"), (*path, "gone")),
            separator=texts["separator"] or ",",
            name=texts["as"],
            attribute=texts["attribute"],
        )

    def _target(self, verb: str, given: t.Any, path: Path, known: t.Collection[str]) -> tuple[str, str]:
        if verb == "go":
            text = self._text(given, path, known)
            if not text.startswith("/"):
                self.wrong(path, f"expected a path that begins with /, found {text!r}", "It is added to base_url")
            return "", text
        if isinstance(given, t.Mapping):
            if len(given) == 1 and next(iter(given)) in BY_SIGHT:
                by = next(iter(given))
                return by, self._text(given[by], (*path, by), known)
            self.wrong(path, f"expected a selector, or one of {', '.join(BY_SIGHT)}")
            return "", ""
        return "", self.selector(given, path)

    def selector(self, given: t.Any, path: Path) -> str:
        """Return a selector, which is never made of data."""
        if not isinstance(given, str) or not given.strip():
            self.wrong(path, "expected a selector")
            return ""
        if placeholders_in(given):
            # a value with a quote or a comma in it would choose another element
            self.wrong(
                path,
                f"a selector holds no placeholders, found {given!r}",
                "Choose the row with in: {rows: ..., cell: ..., is: ...}, or name the element with label or text",
            )
        return given

    def _row(self, given: t.Any, path: Path, known: t.Collection[str]) -> Row | None:
        if not isinstance(given, t.Mapping) or set(given) != {"rows", "cell", "is"}:
            self.wrong(
                path, "expected rows, cell and is", 'Like {rows: "table tr", cell: "td:nth-child(1)", is: "{id}"}'
            )
            return None
        text = self._text(given["is"], (*path, "is"), known)
        if not placeholders_in(text):
            self.wrong((*path, "is"), "expected a placeholder, so that it is the row of this account", 'Like "{id}"')
        return Row(self.selector(given["rows"], (*path, "rows")), self.selector(given["cell"], (*path, "cell")), text)

    def _text(self, given: t.Any, path: Path, known: t.Collection[str], *, secrets: bool = False) -> str:
        if not isinstance(given, str | int) or isinstance(given, bool):
            self.wrong(path, "expected a text")
            return ""
        text = str(given)
        # what Ansible has yet to fill in, when a catalog is checked, is no placeholder of ours
        for name, which in placeholders_in(re.sub(r"\{\{.*?\}\}", "", text, flags=re.DOTALL)):
            if name not in known:
                near = difflib.get_close_matches(name, sorted(known), n=1)
                hint = f"Did you mean {{{near[0]}}}? " if near else ""
                there = ", ".join(f"{{{word}}}" for word in sorted(known))
                self.wrong(path, f"there is no placeholder {{{name}}} here", f"{hint}There are {there}")
            elif name in SECRET and not secrets:
                self.wrong(path, f"{{{name}}} may only be filled into a field", 'Like {fill: "#password", with: ...}')
            if which and which not in FILTERS:
                self.wrong(path, f"there is no filter {which!r}", f"There are {', '.join(FILTERS)}")
        return text

    def _seconds(self, given: t.Any, path: Path) -> float | None:
        if given is None:
            return None
        try:
            seconds = float(given) if not isinstance(given, bool) else 0.0
        except (TypeError, ValueError):
            seconds = 0.0
        if not 0 < seconds <= 600:
            self.wrong(path, "expected a number of seconds, up to 600")
            return None
        return seconds

    def _flag(self, given: t.Any, path: Path) -> bool:
        known = {"none": False, "true": True, "yes": True, "false": False, "no": False}.get(str(given).lower())
        if known is None:
            self.wrong(path, "expected true or false")
        return bool(known)
