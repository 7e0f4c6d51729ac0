# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A quick look at the evidence: where the chain ends, and what was signed last. ``verifying.py`` proves all of it."""

from __future__ import annotations

import json
import typing as t

from ..libraries import library
from .chain import FIELDS, Head, Verifier, genesis
from .checkpoints import public_keys, signature_fits
from .store import Ledger
from .tables import table

sa = library("sqlalchemy")

#: So many events at the end are checked one by one.
TAIL = 10_000

#: What was looked at, whether it holds (None: it cannot be said), and what was found.
Look = tuple[str, t.Union[bool, None], str]


def look_at_evidence(ledger: Ledger) -> tuple[Look, ...]:
    """Check the end of the chain and the last signed checkpoint, in a time that does not grow with the ledger."""
    events, chain, signed = table("events"), table("chain").c, table("checkpoints")
    with ledger._reading() as connection:
        seq, head = connection.execute(sa.select(chain.seq, chain.hash).where(chain.id == 1)).one()
        last = connection.execute(sa.select(signed).order_by(signed.c.seq.desc()).limit(1)).mappings().one_or_none()
        count = connection.execute(sa.select(sa.func.count()).select_from(signed)).scalar_one()
        columns = [events.c[name] for name in (*FIELDS, "hash")]
        tail = sa.select(*columns).where(events.c.seq > max(0, seq - TAIL)).order_by(events.c.seq)
        rows = [dict(row) for row in connection.execute(tail).mappings()]
        marked = None
        if last is not None:
            marked = connection.execute(sa.select(events.c.hash).where(events.c.seq == last["seq"])).scalar()
    return (
        _end(rows, seq, head),
        _tail(rows, seq, genesis(ledger.rehearsal)),
        *_checkpoint(ledger, last, marked, seq),
        ("signed checkpoints", count > 0, f"{count:,} in the ledger"),
    )


def _end(rows: t.Sequence[t.Mapping[str, t.Any]], seq: int, head: str) -> Look:
    last = rows[-1] if rows else {"seq": 0, "hash": head}
    fits = (last["seq"], last["hash"]) == (seq, head)
    found = f"event {last['seq']}, hash {last['hash']}"
    return ("end of the chain", fits, found if fits else f"{found}; event {seq} was expected, hash {head}")


def _tail(rows: list[dict[str, t.Any]], seq: int, first: str) -> Look:
    """Check each of the last events by its own hash and the one before."""
    what = "the last events"
    if not rows:
        return (what, None, "there is no event")
    verifier = Verifier(first=first)
    if rows[0]["seq"] != 1:
        verifier.head = Head(rows[0]["seq"] - 1, rows[0]["previous"])
    for row in rows:
        try:
            verifier.take({**row, "data": json.loads(row["data"])})
        except ValueError:
            return (what, False, f"event {row['seq']} cannot be read")
    problems = verifier.problems.all()
    found = "; ".join(str(problem) for problem in problems[:3])
    return (
        what,
        not problems,
        found or f"{len(rows):,} of {seq:,} checked: each is as it was written and follows the one before",
    )


def _checkpoint(ledger: Ledger, last: t.Mapping[str, t.Any] | None, marked: str | None, seq: int) -> t.Iterator[Look]:
    if last is None:
        yield ("last checkpoint", False, "nothing has been signed yet")
        return
    keys = public_keys(ledger)
    trusted = last["public_key"] in keys if keys else None
    said = f"signed {last['at']} over event {last['seq']}"
    yield ("last checkpoint: signature", signature_fits(last), said)
    yield ("last checkpoint: key", trusted, "one that is trusted here" if trusted else "no key here vouches for it")
    same = marked == last["head_hash"]
    yield ("last checkpoint: event", same, "the event is as it was signed" if same else "the event is another one")
    after = seq - last["seq"]
    yield ("events after it", after == 0, "none" if not after else f"{after:,} that only their hashes speak for")
