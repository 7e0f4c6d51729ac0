# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A digest as a message: plain text from a template, whose first line is the title.

Texts from HR, apps and tickets are values of the template and never part of it, each made one line of what can be
printed, so that a name cannot make up lines of its own. A company's own templates stand beside ours, by the same names.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import pathlib
import traceback
import types
import typing as t

from ..clock import WorkingDay
from ..errors import SettingsError
from ..libraries import library
from .digests import ROUTES, Digest
from .news import News

jinja2 = library("jinja2")
sandbox = library("jinja2.sandbox")

_HERE = pathlib.Path(__file__).parent / "templates"


@dataclasses.dataclass(frozen=True)
class Message:
    title: str
    body: str


@dataclasses.dataclass(frozen=True)
class Extensible:
    """How something that ends soon can be extended: with which token, and until when at the latest.

    ``link`` writes the mail that does it; empty where no address takes one.
    """

    token: str
    latest: str
    link: str = ""

    @property
    def words(self) -> str:
        """What the link is called where it is clicked."""
        return f"Extend it until {self.latest}"


@dataclasses.dataclass(frozen=True)
class Together:
    """A link that extends several things at once, and what it is called."""

    link: str
    words: str


class Messages:
    """Makes messages of digests. ``folder`` holds a company's own templates, where it has any."""

    def __init__(self, company: str, working_day: WorkingDay, folder: pathlib.Path | None = None) -> None:
        if folder is not None and not folder.is_dir():
            raise SettingsError(
                f"there is no folder {folder}",
                where="notifications.templates",
                todo="Make it, or remove the setting: the templates that come with Rollcall are used then",
            )
        self._company = company
        self._zone = working_day.zone
        folders = [str(each) for each in (folder, _HERE) if each is not None]
        self._environment = sandbox.ImmutableSandboxedEnvironment(
            loader=jinja2.FileSystemLoader(folders),
            undefined=jinja2.StrictUndefined,
            autoescape=False,  # plain text: whatever shows it escapes it
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def message(
        self,
        digest: Digest,
        now: dt.datetime,
        *,
        channel: bool,
        again: bool = False,
        extensible: t.Mapping[str, Extensible] = types.MappingProxyType({}),
        together: t.Sequence[Together] = (),
        desks: t.Sequence[str] = (),
    ) -> Message:
        """Return the message for a digest. ``channel`` says that others read it too; ``again`` that it may be a second.

        ``extensible`` is, by the keys of news, what its reader may extend, one by one or ``together``; ``desks`` are
        where that may be said.
        Raises SettingsError, with the template's file and line, when the template does not work.
        """
        name = f"{digest.route}.txt.j2"
        text = self._rendered(
            name,
            {
                "company": _line(self._company),
                "route": digest.route,
                "address": _line(digest.address),
                "name": _line(digest.name or digest.address),
                "channel": channel,
                "emergency": bool(digest.alone),
                "again": again,
                "lines": [self._shown(one, extensible.get(one.key)) for one in digest.lines],
                "extend_all": [{"link": one.link, "words": one.words} for one in together],
                "desks": [_line(one) for one in desks],
                "open": digest.open,
                "overdue": digest.overdue,
                "now": self._moment(now),
            },
        )
        title, _end, body = text.strip().partition("\n")
        if not title.strip() or not body.strip():
            raise SettingsError(
                "the template gives no title and text",
                where=str(self._template(name).filename),
                todo="Let its first line be the title and the lines after it the text",
            )
        return Message(_line(title), body.strip())

    def check(self) -> None:
        """Read every template. Raises SettingsError, with file and line, for one that is none."""
        for route in ROUTES:
            self._template(f"{route}.txt.j2")

    def _template(self, name: str) -> t.Any:
        errors = jinja2.TemplateSyntaxError
        try:
            return self._environment.get_template(name)
        except errors as error:
            place = f"{error.filename or name}:{error.lineno}"
            raise SettingsError(f"the template is not one: {error.message}", where=place, todo=_TODO) from error

    def _rendered(self, name: str, values: t.Mapping[str, t.Any]) -> str:
        template = self._template(name)
        try:
            return str(template.render(values))
        except Exception as error:  # whatever a company's own template does, it concerns this message alone
            frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename.endswith(".j2")]
            place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else name
            problem = str(error) or type(error).__name__
            raise SettingsError(f"the template does not work: {problem}", where=place, todo=_TODO) from error

    def _shown(self, one: News, extensible: Extensible | None) -> dict[str, t.Any]:
        return {
            "what": one.what,
            "id": _line(one.subject),
            "title": _line(one.title),
            "due": self._moment(one.due) if one.due else "",
            "overdue": one.overdue,
            "emergency": one.emergency,
            "until": one.stamp if one.what in ("ending", "risk_ending", "contract") else "",
            "token": extensible.token if extensible else "",
            "latest": extensible.latest if extensible else "",
            "extend_link": extensible.link if extensible else "",
            "note": _line(one.note),
            "link": _line(one.link),
            "owner": _line(one.owner),
            "ticketless": one.ticketless,
        }

    def _moment(self, moment: dt.datetime) -> str:
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M %Z}"


_TODO = "Correct it; docs/notifications.md lists what a template can use"


def _line(text: t.Any) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
