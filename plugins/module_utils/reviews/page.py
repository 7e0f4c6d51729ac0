# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reviewer's page: one HTML file that needs nothing else, on which a manager decides and saves the decisions.

Texts from HR, apps and reviewers reach the page as variables of an auto-escaping template and as JSON in a data block,
from which the script makes text nodes. A content security policy allows the page's own style and script, each by its
SHA-256, and nothing else: no network, no frame, no form.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import pathlib
import re
import typing as t

from ..libraries import library
from ..model import fingerprint
from .circumstances import day
from .decisions_file import FORMAT, VERSION
from .packet import Packet, Shown
from .token import Token

jinja2 = library("jinja2")

_HERE = pathlib.Path(__file__).parent

# of a name in a file's name; 255 bytes is what most file systems take for the whole
_LONGEST = 100

#: The script's parts, in their order. They become one.
_SCRIPTS = (
    "page_items.js",
    "page_memory.js",
    "page_rows.js",
    "page_details.js",
    "page_keys.js",
    "page_saving.js",
)


def render(packet: Packet, token: Token) -> str:
    """Return the page. The same arguments give the same text. Raises MissingLibrary without Jinja2."""
    style, script = _style(), _script()
    text: str = _template().render(
        packet=packet,
        review=packet.review,
        name=packet.reviewer_name or packet.reviewer,
        due=f"{day(packet.due_here)}, {packet.due_here:%H:%M %Z}",
        data=_data(packet, token),
        style=style,
        script=script,
        policy=_content_security_policy(style, script),
        csv=sheet_name(packet.reviewer, packet.stage),
    )
    # half of a surrogate pair, which a broken feed may hold, is no UTF-8: it becomes a question mark
    return text.encode(errors="replace").decode()


def file_stem(name: str) -> str:
    """Return a name that may stand in the name of a file. Two names never have the same one, but for their case."""
    plain = name.casefold()
    stem = re.sub(r"[^a-z0-9.@_-]+", "-", plain).strip(".-")[:_LONGEST] or "nobody"
    return stem if stem == plain or not plain else f"{stem}-{fingerprint(plain)[:6]}"


def sheet_name(reviewer: str, stage: int) -> str:
    """Return what a reviewer's sheet is called. Each stage after the first has sheets of its own."""
    return f"{file_stem(reviewer)}-stage-{stage + 1}.csv" if stage else f"{file_stem(reviewer)}.csv"


def decisions_name(packet: Packet) -> str:
    """Return what the file is called that the page saves: decisions-2026-q4-gia.vale@corp.example.json."""
    return f"decisions-{file_stem(packet.review.id)}-{page_stem(packet)}.json"


def page_stem(packet: Packet) -> str:
    """Return what tells a page from the others: gia.vale@corp.example, the stage where there are several, for whom."""
    stage = f"-stage-{packet.stage + 1}" if packet.review.last_stage else ""
    stead = f"-for-{file_stem(packet.in_stead_of)}" if packet.in_stead_of else ""
    return f"{file_stem(packet.reviewer)}{stage}{stead}"


class _Table:
    """Values that repeat, written once: each stands for its place."""

    def __init__(self) -> None:
        self.places: dict[t.Any, int] = {}
        self.rows: list[t.Any] = []

    def place(self, key: t.Hashable, row: t.Any) -> int:
        if key not in self.places:
            self.places[key] = len(self.rows)
            self.rows.append(row)
        return self.places[key]


def _data(packet: Packet, token: Token) -> str:
    """Return what the script works on, as JSON that may stand inside a script element.

    Rows are arrays, to be small: see page_items.js. Nothing in it can end the element or open a comment: <, > and &
    are written as escapes, and so is everything that is not ASCII.
    """
    people, apps, things, whys, news = _Table(), _Table(), _Table(), _Table(), _Table()
    rows = [_row(packet, one, people, apps, things, whys, news) for one in packet.items]
    review = packet.review
    document = {
        "format": FORMAT,
        "version": VERSION,
        "token": token.to_dict(),
        "file": decisions_name(packet),
        "title": review.title,
        "due": packet.due_here.isoformat(),
        "made": packet.made_at.isoformat(),
        "undecided": review.undecided,
        "people": people.rows,
        "apps": apps.rows,
        "things": things.rows,
        "whys": whys.rows,
        "news": news.rows,
        "items": rows,
    }
    text = json.dumps(document, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _row(
    packet: Packet, one: Shown, people: _Table, apps: _Table, things: _Table, whys: _Table, news: _Table
) -> list[t.Any]:
    item = one.item
    person, app = packet.people.get(item.person), packet.apps.get(item.app)
    who = people.place(
        item.person,
        [person.name or person.username, person.title, person.department, person.email or person.username, person.type]
        if person
        else [item.person, "", "", "", ""],
    )
    where = apps.place(item.app, [app.name or app.key, app.tier, app.owner] if app else [item.app, "", ""])
    choices = [[role.key, role.value or role.key, role.description, int(role.privileged)] for role in one.choices]
    what = things.place((item.app, item.entitlement), [where, one.name, one.description, choices])
    reasons = [whys.place(why, [why.kind, why.id, why.text, why.agreed]) for why in one.whys]
    said = [news.place((each.code, each.text), [each.code, each.text]) for each in one.news]
    told = [news.place(("", text), ["", text]) for text in (one.last_time, *one.stages) if text]
    flags = item.privileged + 2 * one.explained + 4 * one.reason_needed + 8 * (not item.person)
    return [
        item.id,
        one.words,
        who,
        what,
        item.account,
        flags,
        item.since.date().isoformat() if item.since else "",
        item.last_used.date().isoformat() if item.last_used else "",
        reasons,
        [one.peers.have, one.peers.all] if one.peers else 0,
        said,
        told,
        [item.decision, item.change_to, item.reason] if item.decision else 0,
        one.then_gets,
    ]


def _content_security_policy(style: str, script: str) -> str:
    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    return (
        f"default-src 'none'; style-src 'sha256-{digest(style)}'; script-src 'sha256-{digest(script)}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


@functools.cache
def _style() -> str:
    return _asset("page.css")


@functools.cache
def _script() -> str:
    return '(function () {\n"use strict";\n' + "\n".join(map(_asset, _SCRIPTS)) + "})();\n"


def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


@functools.cache
def _template() -> t.Any:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(str(_HERE)),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    # only the three texts that this package makes itself go around the escaping
    environment.filters["own"] = jinja2.utils.markupsafe.Markup
    return environment.get_template("page.html.j2")
