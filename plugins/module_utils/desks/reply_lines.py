# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of an answer, taken in one after the other, and what they say together."""

from __future__ import annotations

import dataclasses
import re
import types
import typing as t

from .contract import DECLINED, YES
from .reply_words import (
    ADDRESS,
    AS_ASKED,
    ASKED,
    CHOICES,
    DECISION,
    FAREWELL,
    FIELD,
    FIELDS,
    GREETING,
    LONGEST_NAME,
    NEXT_FIELD,
    NO_THINGS,
    PLACEHOLDERS,
    RESTRICTED,
    USUAL_THINGS,
    field_begins,
    is_name,
    joined,
    shown,
    unmarked,
    word_of,
)

# between "declined" and why
_SEPARATOR = re.compile(r"^[\s.,;!*_`]*(?:[:=]|[-\u2013\u2014]+)?[\s*_`]*(?:(?:because|since)\b[\s:]*)?", re.IGNORECASE)


def _empty() -> t.Mapping[str, str]:
    return types.MappingProxyType({})


@dataclasses.dataclass(frozen=True)
class Said:
    """What a text says. ``done`` is yes, declined, or empty.

    ``readable`` says that something of ours was understood, which may also be "not yet" (``not_yet``). ``unreadable``
    says in words what was meant as an answer and cannot be one; nothing else of such a text counts then. A text that
    is no answer at all has neither. A decline may come without ``reason``: the caller may know it from a field.
    """

    done: str = ""
    account_name: str = ""
    note: str = ""
    reason: str = ""
    choices: t.Mapping[str, str] = dataclasses.field(default_factory=_empty)
    readable: bool = False
    unreadable: str = ""
    not_yet: bool = False


class Reading:
    """Takes in one line after the other."""

    def __init__(self, things: t.AbstractSet[str]) -> None:
        self.things = things
        self.decisions: set[str] = set()
        self.given: dict[str, list[str]] = {"account_name": [], "note": [], "reason": []}
        self.choices: dict[str, str] = {}
        self.rest: list[str] = []
        self.wrong: list[str] = []
        self.as_asked = False
        self._open = ""  # the field that the next line goes on with
        self._ended = False  # what follows is a farewell

    def line(self, raw: str) -> None:
        line = unmarked(raw)
        if not line:
            self._open = ""
            return
        if self._decision(line) or self._field(line):
            return
        if FAREWELL.fullmatch(line):
            self._ended, self._open = True, ""
        elif self._open:
            self.given[self._open][-1] += f"\n{line}"
        elif not self._ended and not (GREETING.fullmatch(line) and not self.rest):
            self.rest.append(line)

    def _decision(self, line: str) -> bool:
        found = DECISION.fullmatch(line)
        if not found:
            return False
        rest = found["rest"]
        if found["not_yet"]:
            self.decisions.add("not yet")
            return True
        if found["declined"]:
            return self._declined(line, rest)
        head, *others = NEXT_FIELD.split(rest)
        value = head.strip(" \t.,;:=!-\u2013\u2014*_`")
        if found["done"].casefold() in ASKED and head.strip()[:1] in (":", "="):
            return self._asked(line, value, others)
        if RESTRICTED.search(head):
            self.wrong.append(f'"{shown(line)}" is neither done nor declined')
            return True
        self.decisions.add(YES)
        if field_begins(value):
            others = [value, *others]
        elif value:
            self.rest.append(value)
        for other in others:
            self._field(other.strip())
        return True

    def _asked(self, line: str, value: str, others: t.Sequence[str]) -> bool:
        """``done: yes`` and ``status: done``."""
        lower = value.casefold()
        found = DECISION.fullmatch(value)
        if lower in ("no", "n", "false"):
            self.decisions.add("not yet")
        elif lower in ("y", "true", "x") or field_begins(value):
            self.decisions.add(YES)
        elif found is None or (found["done"] and found["rest"].strip()[:1] in (":", "=")):
            self.wrong.append(f'"{shown(line)}" is neither done nor declined')
        else:
            self._decision(value)
        for other in ([value] if field_begins(value) else []) + list(others):
            self._field(other.strip())
        return True

    def _declined(self, line: str, rest: str) -> bool:
        text = _SEPARATOR.sub("", rest, count=1)
        if text.rstrip(" .").casefold() in PLACEHOLDERS:
            return True  # our letter's own line
        if line.rstrip().endswith("?"):
            return False
        self.decisions.add(DECLINED)
        field = FIELD.fullmatch(text)
        if field and field["name"].casefold() in FIELDS:
            self._field(text)
        elif text:
            self._give("reason", text)
        else:
            self._open = ""
        return True

    def _field(self, line: str) -> bool:
        found = FIELD.fullmatch(line)
        if not found:
            return False
        name = " ".join(found["name"].casefold().split())
        value = found["value"].strip()
        if name in self.things:
            self._choose(name, word_of(value))
            return True
        if name in FIELDS:
            self._give(FIELDS[name], value)
            return True
        if name in ASKED:
            return self._asked(line, value.strip(" .!*_`"), ())
        word = word_of(value)
        if name in NO_THINGS or self.things or len(name.split()) > 3:
            return False
        if ADDRESS.fullmatch(word) or word.casefold() in CHOICES or (name in USUAL_THINGS and is_name(word)):
            self._choose(name, word)
            return True
        return False

    def _choose(self, name: str, value: str) -> None:
        self._open = ""
        if not value or len(value) > LONGEST_NAME or any(not c.isprintable() for c in value):
            self.wrong.append(f'"{name}" says nothing that can be used')
        elif self.choices.setdefault(name, value).casefold() != value.casefold():
            self.wrong.append(f'"{name}" is answered twice, and differently')

    def _give(self, field: str, value: str) -> None:
        self._open = ""
        if value.strip(" .").casefold() in PLACEHOLDERS or value.casefold().startswith("the-account-name "):
            return
        if field != "account_name":
            self.given[field].append(value)
            self._open = field
            return
        head, *others = NEXT_FIELD.split(value)
        name = word_of(head)
        if name.casefold() in AS_ASKED:
            self.as_asked = self.as_asked or bool(name)  # an empty line of a form says nothing yet
        elif not is_name(name):
            self.wrong.append(f'the account name "{shown(name)}" holds spaces or is too long: give the name alone')
        elif self.given["account_name"] and self.given["account_name"] != [name]:
            self.wrong.append("there are two account names")
        else:
            self.given["account_name"] = [name]
        for other in others:
            if not self._decision(other.strip()):
                self._field(other.strip())

    def said(self) -> Said:
        if len(self.decisions) > 1:
            self.wrong.append("it says " + " and ".join(sorted({"yes": "done"}.get(d, d) for d in self.decisions)))
        if self.wrong:
            return Said(unreadable="; ".join(dict.fromkeys(self.wrong)))
        account = "".join(self.given["account_name"])
        note, reason, rest = (joined(lines) for lines in (self.given["note"], self.given["reason"], self.rest))
        done = next(iter(self.decisions), "")
        not_yet = done == "not yet"
        if not done and (account or self.as_asked):
            done = YES  # the letter asks for the name when it is done
        if done == DECLINED:
            reason = reason or note or rest
        elif done == YES:
            note = note or reason or rest
        readable = bool(done or account or note or reason or self.choices)
        return Said(
            done="" if not_yet else done,
            account_name=account,
            note=note,
            reason=reason,
            choices=types.MappingProxyType(dict(self.choices)),
            readable=readable,
            not_yet=not_yet,
        )
