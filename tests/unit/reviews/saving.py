# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a page would save, made in Python: the same document, with the same seal."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decisions_file import FORMAT, VERSION, seal
from ansible_collections.rollcall.access.plugins.module_utils.reviews.packet import Packet
from ansible_collections.rollcall.access.plugins.module_utils.reviews.token import Token, issue

Answers = t.Mapping[str, t.Mapping[str, t.Any]]


def token_for(ledger: Ledger, packet: Packet) -> Token:
    return issue(
        ledger,
        campaign=packet.review.id,
        stage=packet.stage,
        reviewer=packet.reviewer,
        due=packet.due.isoformat(),
        shown=packet.shown,
    )


def document(packet: Packet, token: Token, answers: Answers, opened_at: dt.datetime) -> dict[str, t.Any]:
    """Return the document with these answers by item id (decision, reason, ...; ``after`` are seconds from opening)."""
    rows = []
    for one in packet.items:
        given = dict(answers.get(one.item.id, {}))
        at = opened_at + dt.timedelta(seconds=given.pop("after", 60.0))
        row = {"item_id": one.item.id, "shown": one.words, "decision": "", "change_to": "", "reason": "", "at": ""}
        row |= {"how": "one", "looked": False, **given}
        row["at"] = at.isoformat() if row["decision"] else ""
        rows.append(row)
    made: dict[str, t.Any] = {
        "format": FORMAT,
        "version": VERSION,
        "token": token.to_dict(),
        "opened_at": opened_at.isoformat(),
        "saved_at": (opened_at + dt.timedelta(hours=1)).isoformat(),
        "decisions": rows,
    }
    return sealed(made)


def sealed(made: dict[str, t.Any]) -> dict[str, t.Any]:
    return {**made, "seal": seal(made)}


def written(made: t.Any, directory: pathlib.Path, name: str = "decisions-q.json") -> pathlib.Path:
    path = directory / name
    path.write_text(json.dumps(made, ensure_ascii=False), encoding="utf-8")
    return path
