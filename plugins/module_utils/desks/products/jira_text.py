# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain text to and from what Jira keeps: documents in Jira Cloud, wiki markup in Data Center.

Sources: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/ (a text node is never parsed),
https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all
"""

from __future__ import annotations

import datetime as dt
import re
import typing as t

LONGEST_TITLE = 255  # https://support.atlassian.com/jira/kb/maximum-number-of-characters-for-a-text-field-in-jira/
_LONGEST_TEXT = 30_000  # of 32,767, since what is encoded grows
_CUT = "\n(cut off here: the whole text is in Rollcall)"

# ---- documents


def document(text: str) -> dict[str, t.Any]:
    """Return plain text as a document: a paragraph for each block of lines, and nothing but texts in them."""
    blocks = re.split(r"\n{2,}", _clean(text).strip("\n"))
    return {"version": 1, "type": "doc", "content": [_paragraph(block.split("\n")) for block in blocks]}


def _paragraph(lines: t.Sequence[str]) -> dict[str, t.Any]:
    content: list[dict[str, str]] = []
    for number, line in enumerate(lines):
        if number:
            content.append({"type": "hardBreak"})
        if line:
            content.append({"type": "text", "text": line})
    return {"type": "paragraph", "content": content}


def plain(node: t.Any) -> str:
    """Return what a document says, as lines; of what it quotes each begins with "> ". A text is left as it is."""
    if not isinstance(node, t.Mapping):
        return node if isinstance(node, str) else ""
    return "\n".join(_block(node)).strip("\n")


_INLINE = frozenset({"text", "hardBreak", "mention", "emoji", "inlineCard", "date", "status", "mediaInline"})


def _block(node: t.Mapping[str, t.Any]) -> list[str]:
    kind, content = node.get("type"), [one for one in node.get("content") or [] if isinstance(one, t.Mapping)]
    if kind in _INLINE:
        return _inline(node).split("\n")
    if kind == "rule":
        return [""]
    if kind in ("blockCard", "embedCard"):
        return [str((node.get("attrs") or {}).get("url", ""))]
    if content and all(one.get("type") in _INLINE for one in content):
        lines = "".join(map(_inline, content)).split("\n")
    elif kind == "tableRow":
        lines = [" | ".join(" ".join(_block(cell)) for cell in content)]
    else:
        lines = [line for one in content for line in _block(one)]
    return [f"> {line}" for line in lines] if kind == "blockquote" else lines


def _inline(node: t.Mapping[str, t.Any]) -> str:
    attrs = node.get("attrs") or {}
    kind = node.get("type")
    if kind == "text":
        return str(node.get("text", ""))
    if kind == "hardBreak":
        return "\n"
    if kind == "inlineCard":
        return str(attrs.get("url", ""))
    if kind == "date" and re.fullmatch(r"-?\d{1,14}", str(attrs.get("timestamp", ""))):
        return dt.datetime.fromtimestamp(int(attrs["timestamp"]) / 1000, dt.timezone.utc).date().isoformat()
    return str(attrs.get("text") or attrs.get("shortName") or "")


# ---- wiki markup

# Whatever could begin markup becomes a character reference, which Jira shows as the character and looks into no more:
# a mention is [~name], a macro {name}, an emoticon (x) or :). Names, addresses and dates stay legible in its mails.
_MARKUP = re.compile(
    r"""[\\{}\[\]|!*_^~+?&#<>]      # text effects, macros, links, images, tables, lists, references
      | (?<![^\W_])- | -(?![^\W_])  # a hyphen that is not within a word: lists, rules, deleted text
      | (?<=^h[1-6])\. | (?<=^bq)\. # headings and quotations
      | [:;](?=[()|PpD]) | \((?=[^\s()]{1,3}\))  # emoticons""",
    re.VERBOSE | re.MULTILINE,
)


def wiki(text: str) -> str:
    """Return plain text as wiki markup that shows it as it is."""
    lines = (_MARKUP.sub(_reference, line.lstrip()) for line in _clean(text).split("\n"))
    # the end of a reference would be the eyes of an emoticon
    return re.sub(r"(?<=;)[()PpD]", _reference, "\n".join(lines))


def _reference(found: t.Match[str]) -> str:
    return f"&#{ord(found[0])};"


def plain_wiki(text: t.Any) -> str:
    """Return what wiki markup says, as lines; of what it quotes each begins with "> "."""
    if not isinstance(text, str):
        return ""
    text = text.replace("\r\n", "\n")
    text = re.sub(r"\{quote\}(.*?)\{quote\}", _quoted, text, flags=re.DOTALL)
    text = re.sub(r"^bq\. (.*)$", r"> \1", text, flags=re.MULTILINE)
    text = re.sub(r"(?<!\\)\{\{([^{}\n]+)\}\}", r"\1", text)
    text = re.sub(r"(?<!\\)\{(?:code|noformat|panel|color|quote|anchor)(?::[^{}\n]*)?\}", "", text)
    text = re.sub(r"(?<!\\)\[~(?:accountid:)?([^\]\n]+)\]", r"@\1", text)
    text = re.sub(r"(?<!\\)\[mailto:([^\]|\n]+)\]", r"\1", text)
    text = re.sub(r"(?<!\\)\[([^\]|\n]+)\|[^\]\n]*\]", r"\1", text)
    text = re.sub(r"(?<![\\\w*])\*(?=\S)([^*\n]*[^*\s\\])\*(?![\w*])", r"\1", text)
    text = re.sub(r"\\\\(?=\s|$)", "\n", text)
    text = re.sub(r"\\([^\w\s]|_)", r"\1", text)
    return re.sub(r"&#(\d{1,6});", lambda found: chr(min(int(found[1]), 0x10FFFF)), text).strip("\n")


def _quoted(found: t.Match[str]) -> str:
    return "\n" + "\n".join(f"> {line}" for line in found[1].strip("\n").split("\n")) + "\n"


# ---- both


def _clean(text: str) -> str:
    text = "".join(c if c.isprintable() or c == "\n" else " " for c in text.replace("\r\n", "\n"))
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + _CUT
