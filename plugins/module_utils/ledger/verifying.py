# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proving a ledger: the chain, the signatures over it, and the tables that it tells of."""

from __future__ import annotations

import json
import typing as t

from ..libraries import library
from ..model import Finding
from .chain import Head, Problems, Verification, Verifier, genesis
from .checkpoints import public_keys, signature_fits
from .store import Ledger
from .tables import KEPT, table
from .transaction import PROOF, digest, rows_where

sa = library("sqlalchemy")

# what a row is, in words, where its table's name does not say it
_WORDS = {
    "ended_grants": "ended grant",
    "people": "person",
    "review_items": "review item",
}


def verify_ledger(ledger: Ledger) -> Verification:
    """Check everything, in one state of the ledger. Changes nothing.

    The chain itself (altered, missing, added, reordered events, a cut end), checkpoints and their signatures, and
    every row of the tables against the event that last wrote it. Raises LedgerError only when it cannot be read.
    """
    trusted = public_keys(ledger)
    chain, events, signed = table("chain"), table("events"), table("checkpoints")
    with ledger._reading() as connection:
        marks = [dict(row) for row in connection.execute(sa.select(signed).order_by(signed.c.seq)).mappings()]
        verifier = Verifier(first=genesis(ledger.rehearsal), checkpoints=marks)
        notes = _check_signatures(marks, trusted, verifier.problems)
        state: dict[tuple[str, tuple[t.Any, ...]], tuple[str | None, int]] = {}
        query = sa.select(events).order_by(events.c.seq).execution_options(yield_per=1000)
        for row in connection.execute(query).mappings():
            entry = dict(row)
            try:
                entry["data"] = json.loads(entry["data"])
                for name, key, now, *was in entry["data"].get(PROOF, ()):
                    _check_before(state.get((name, tuple(key)), (None, 0)), was, name, key, entry, verifier.problems)
                    state[name, tuple(key)] = (now, entry["seq"])
            except (AttributeError, TypeError, ValueError):
                entry["data"] = {"unreadable": True}
            verifier.take(entry)
        end = connection.execute(sa.select(chain.c.seq, chain.c.hash).where(chain.c.id == 1)).one_or_none()
        verifier.conclude(Head(*end) if end else Head(-1, ""))
        _check_rows(connection, state, verifier.problems)
    problems = verifier.problems.all()
    return Verification(not problems, verifier.count, problems, verifier.head, tuple(notes))


def _check_signatures(
    marks: t.Iterable[t.Mapping[str, t.Any]], trusted: t.Collection[str], problems: Problems
) -> list[Finding]:
    strange = False
    for mark in marks:
        where = f"checkpoint of {mark['at']}"
        if not signature_fits(mark):
            problems.add("checkpoint_altered", f"its signature over event {mark['seq']} does not fit", where)
        elif trusted and mark["public_key"] not in trusted:
            problems.add(
                "checkpoint_key", f"it was signed with a key that is not the ledger's ({mark['public_key']})", where
            )
        strange = strange or not trusted
    if not strange:
        return []
    message = "the ledger's public key is not at hand: the checkpoints' signatures fit, but anybody may have made them"
    todo = "Put <ledger>.pub next to the ledger, or name the key in $ROLLCALL_LEDGER_KEY"
    return [Finding("key_unknown", "note", message, todo=todo)]


def _check_before(
    known: tuple[str | None, int],
    was: t.Sequence[str | None],
    name: str,
    key: t.Sequence[t.Any],
    entry: t.Mapping[str, t.Any],
    problems: Problems,
) -> None:
    """Hold what a row was when an event wrote it again against the event that had written it last."""
    expected, seq = known
    if not was or was[0] == expected:
        return
    then = f"when event {entry['seq']} wrote it again"
    if not expected:
        _row_problem(problems, "row_foreign", name, tuple(key), {}, f"no event had told of it {then}", seq)
    elif was[0] is None:
        _row_problem(
            problems, "row_missing", name, tuple(key), {}, f"event {{seq}} had written it, and it was gone {then}", seq
        )
    else:
        _row_problem(
            problems, "row_altered", name, tuple(key), {}, f"it was not as event {{seq}} had written it {then}", seq
        )


def _check_rows(
    connection: t.Any, state: dict[tuple[str, tuple[t.Any, ...]], tuple[str | None, int]], problems: Problems
) -> None:
    """Hold every row against the digest in the event that last wrote it."""
    for name, kept in KEPT.items():
        for row in rows_where(connection, name):
            key = kept.key_of(row)
            expected, seq = state.pop((name, key), (None, 0))
            if expected is None:
                _row_problem(problems, "row_foreign", name, key, row, "no event tells of it", seq)
            elif _digest_or_nothing(name, row) != expected:
                _row_problem(problems, "row_altered", name, key, row, "it is not as event {seq} wrote it", seq)
    for (name, key), (expected, seq) in state.items():
        if expected is not None:
            _row_problem(problems, "row_missing", name, key, {}, "event {seq} wrote it, and it is gone", seq)


def _digest_or_nothing(name: str, row: t.Mapping[str, t.Any]) -> str:
    try:
        return digest(name, dict(row))
    except TypeError:  # a type that was never written
        return ""


def _row_problem(
    problems: Problems,
    code: str,
    name: str,
    key: tuple[t.Any, ...],
    row: t.Mapping[str, t.Any],
    message: str,
    seq: int,
) -> None:
    word = _WORDS.get(name) or name.removesuffix("s")
    about = dict(zip(KEPT[name].key, key, strict=False)) if name in KEPT else {}
    about.update({part: row[part] for part in ("app", "person", "account") if part in row})
    problems.add(
        code,
        message.format(seq=seq),
        f"{word} {', '.join(str(part) for part in key)}",
        "Compare it with the exported evidence and put it right through Rollcall, not by hand",
        **{part: str(about[part]) for part in ("app", "person", "account") if about.get(part) and name != "people"},
    )
