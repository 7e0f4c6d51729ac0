# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person sees of markdown, and whom it reaches, as GitHub and GitLab take it: by a CommonMark parser."""

from __future__ import annotations

import html.parser

import markdown_it

# Where neither of the two looks for people and tickets.
_UNTOUCHED = frozenset({"pre", "code", "a", "script", "style"})
_EMPTY = frozenset({"br", "hr", "img", "input"})
_BLOCKS = frozenset({"p", "br", "li", "pre", "h1", "h2", "h3", "blockquote", "tr"})


class _Page(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.inside: list[str] = []
        self.seen: list[str] = []
        self.alive: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _BLOCKS:
            self.seen.append("\n")
        if tag not in _EMPTY:
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.inside:
            while self.inside.pop() != tag:
                pass
        if tag in _BLOCKS:
            self.seen.append("\n")

    def handle_data(self, data: str) -> None:
        if "script" not in self.inside:
            self.seen.append(data)
        if not _UNTOUCHED & set(self.inside):
            self.alive.append(data)


def _page(text: str) -> _Page:
    page = _Page()
    page.feed(markdown_it.MarkdownIt("commonmark", {"html": True}).enable("strikethrough").render(text))
    page.close()
    return page


def seen(text: str) -> str:
    """Return what is read on the page: markup evaluated, comments left out."""
    return "".join(_page(text).seen)


def alive(text: str) -> str:
    """Return the part of it in which people and tickets are looked for."""
    return "\n".join(_page(text).alive)
