# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desks of a catalog: files -> values."""

from __future__ import annotations

import dataclasses
import types
import typing as t

from ..model import EMBEDDED, MEANINGS, App, DeskSettings
from .files import Definitions, mapping, sequence, text_map_of, text_of
from .problems import Problems, did_you_mean
from .yaml_lines import Document, Path

#: a desk as it is written -> what is wrong with it: the way to it within the desk, what, and what to do
DeskProblems = t.Callable[[DeskSettings], t.Iterable[tuple[tuple[t.Union[str, int], ...], str, str]]]


class DeskReader:
    """Reads the desks of one file after the other; ``desks`` has them all, ``settled`` says where an app's tasks go."""

    def __init__(self, problems: Problems, desk_problems: DeskProblems | None) -> None:
        self.problems = problems
        self.desk_problems = desk_problems
        self.desks: dict[str, DeskSettings] = {}
        self._defined = Definitions("the desk", problems)
        self._default = ""

    def read(self, document: Document) -> None:
        for key, content in mapping(mapping(document.value).get("desks")).items():
            path = ("desks", key)
            origin = document.origin(path)
            if not self._defined.add(key, origin) or not isinstance(content, dict):
                continue
            desk = DeskSettings(
                key=key,
                type=text_of(content.get("type")),
                connection=types.MappingProxyType(mapping(content.get("connection"))),
                place=text_map_of(content.get("place")),
                requests=text_map_of(content.get("requests")),
                states=self._states(content, document, path),
                fields=text_map_of(content.get("fields")),
                default=content.get("default") is True,
                origin=origin,
            )
            if desk.default and self._default:
                message = f'"{self._default}" is the default desk already'
                self.problems.error(
                    "defined_twice", message, document.origin((*path, "default")), "Keep one of the two"
                )
            elif desk.default:
                self._default = key
            self.desks[key] = desk
            for step, message, todo in self.desk_problems(desk) if self.desk_problems else ():
                name = ".".join(str(part) for part in step)
                place = document.origin((*path, *step))
                self.problems.error("wrong_desk", f"{name}: {message}", place, todo)

    def _states(self, content: dict[str, t.Any], document: Document, path: Path) -> t.Mapping[str, tuple[str, ...]]:
        states = mapping(content.get("states"))
        found: dict[str, tuple[str, ...]] = {}
        seen: dict[str, str] = {}
        for meaning in MEANINGS:
            words = tuple(word.strip() for word in sequence(states.get(meaning)) if isinstance(word, str))
            for word in words:
                first = seen.setdefault(word.casefold(), meaning)
                if first != meaning:
                    message = f'the state "{word}" cannot mean both {first} and {meaning}'
                    self.problems.error("contradiction", message, document.origin((*path, "states", meaning)))
            if words:
                found[meaning] = words
        return types.MappingProxyType(found)

    def settled(self, app: App) -> App:
        """Return an app with the desk that it means: its own, the default one, or none."""
        if app.desk and app.desk != EMBEDDED and app.desk not in self.desks:
            message = f'there is no desk "{app.desk}" in the catalog'
            todo = did_you_mean(app.desk, self.desks) or "Name one under desks"
            self.problems.error("unknown_desk", message, app.origin, todo, app=app.key)
            return dataclasses.replace(app, desk=EMBEDDED)
        app = dataclasses.replace(app, desk=app.desk or self._default or EMBEDDED)
        desk = self.desks.get(app.desk)
        if desk is not None and app.place and self.desk_problems is not None:
            for step, message, todo in self.desk_problems(dataclasses.replace(desk, place=app.place)):
                if step[0] == "place" and step[-1] in app.place:
                    self.problems.error("wrong_desk", f"desk.{step[-1]}: {message}", app.origin, todo, app=app.key)
        return app
