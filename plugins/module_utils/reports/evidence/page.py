# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pack's document as one page that needs nothing else.

Texts from HR, apps and people reach it as variables of an auto-escaping template only. There is no script, and the
content security policy allows none, and one style by its SHA-256.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import pathlib
import typing as t

from ...libraries import library
from .document import Document

jinja2 = library("jinja2")

_HERE = pathlib.Path(__file__).parent


def render(document: Document) -> str:
    """Return the page. The same document gives the same text. Raises MissingLibrary without Jinja2."""
    style = (_HERE / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return str(_template().render(document=document, style=style, policy=policy))


def place(id: str) -> str:
    """Return a section's id as a part of the page: people's ids may hold anything."""
    return "".join(c if c.isalnum() and c.isascii() else f"-{ord(c):x}-" if c not in "-_" else c for c in id)


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
    environment.filters["place"] = place
    # only the style, which this package makes itself, goes around the escaping
    environment.filters["own"] = jinja2.utils.markupsafe.Markup
    return environment.get_template("page.html.j2")
