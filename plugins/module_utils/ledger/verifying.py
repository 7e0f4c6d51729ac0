# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proving a ledger: the chain, the signatures over it, and the tables that it tells of."""

from __future__ import annotations

import json
import operator
import typing as t

from ..libraries import library
from ..model import Finding
from .chain import FIELDS, Head, Problems, Verification, Verifier, genesis, hash_of_texts
from .checkpoints import Checkpoint, public_keys, signature_fits
from .fitting import all_fits
from .runs import CHECKPOINT
from .statements import select_equal
from .store import Ledger
from .tables import KEPT, table
from .transaction import PROOF, digest_of_values

sa = library("sqlalchemy")

# the columns of an event, in the table's order
_STORED = (*FIELDS, "hash")

_NOTHING_KNOWN: tuple[str | None, int] = (None, 0)

# what a row is, in words, where its table's name does not say it
_WORDS = {
    "ended_grants": "ended grant",
    "people": "person",
    "review_items": "review item",
}


def verify_ledger(ledger: Ledger, earlier: t.Sequence[Checkpoint] = ()) -> Verification:
    """Check everything, in one state of the ledger. Changes nothing.

    The chain itself (altered, missing, added, reordered events, a cut end), checkpoints and their signatures, and
    every row of the tables against the event that last wrote it. ``earlier`` are checkpoints of an export that was kept
    elsewhere (see ``read_export``): the chain must still hold what they were signed over, even where everything that
    is here was worked out and signed again. Raises LedgerError only when it cannot be read.
    """
    trusted = public_keys(ledger)
    chain, events, signed = table("chain"), table("events"), table("checkpoints")
    with ledger._reading() as connection:
        end = connection.execute(sa.select(chain.c.seq, chain.c.hash).where(chain.c.id == 1)).one_or_none()
        recorded = Head(*end) if end else Head(-1, "")
        marks = [dict(row) for row in connection.execute(sa.select(signed).order_by(signed.c.seq)).mappings()]
        verifier = Verifier(first=genesis(ledger.rehearsal), checkpoints=[*marks, *earlier])
        notes = _check_signatures(marks, trusted, verifier.problems)
        there = {(mark["seq"], mark["signature"]) for mark in marks}
        _check_earlier(earlier, there, verifier.problems)
        if not verifier.problems.found:
            last = max((mark["seq"] for mark in marks), default=0)
            found = all_fits(connection, verifier.head.hash, [*marks, *earlier], last, there)
            if found is not None and found == recorded:
                return Verification(True, found.seq, (), found, (*notes, *_unsigned(marks, found, verifier.problems)))
        state: dict[tuple[str, tuple[t.Any, ...]], tuple[str | None, int]] = {}
        query = sa.select(events).order_by(events.c.seq).execution_options(yield_per=1000)
        # millions of events in a large company: nothing here may cost more than it must
        read, follows, hashed = json.JSONDecoder().raw_decode, verifier.follows, hash_of_texts
        for seq, at, kind, run, actor, person, app, data, previous, hash in connection.execute(query):
            try:
                text = data.strip(" \t\n\r")
                content, stop = read(text)
                if stop != len(text):
                    raise ValueError("more than one value")
                for name, key, now, *was in content.get(PROOF, ()):
                    place = (name, tuple(key))
                    if was:
                        known = state.get(place, _NOTHING_KNOWN)
                        if was[0] != known[0]:
                            _wrong_before(known, was[0], name, key, seq, verifier.problems)
                    state[place] = (now, seq)
                if kind == "run.began":
                    _check_named(seq, content, there, verifier.problems)
                fits = hashed(seq, at, kind, run, actor, person, app, data, previous) == hash
                if fits and follows(seq, previous, hash):
                    continue
            except (AttributeError, KeyError, TypeError, ValueError):
                content = {"unreadable": True}
            # something is wrong, or the data stands there in other words than were hashed: look closer
            event = (seq, at, kind, run, actor, person, app, content, previous, hash)
            verifier.take(dict(zip(_STORED, event, strict=True)))
        verifier.conclude(recorded)
        _check_rows(connection, state, verifier.problems)
    notes += _unsigned(marks, verifier.head, verifier.problems)
    problems = verifier.problems.all()
    return Verification(not problems, verifier.count, problems, verifier.head, tuple(notes))


def _check_named(
    seq: int, data: t.Mapping[str, t.Any], there: t.Collection[tuple[int, str]], problems: Problems
) -> None:
    """See that the checkpoint that a run found when it began is still there."""
    named = data.get(CHECKPOINT)
    if named is not None and (named["seq"], named["signature"]) not in there:
        problems.add(
            "checkpoint_missing",
            f"it is not there as event {seq}, the beginning of a run, found it",
            f"checkpoint of event {named['seq']}",
            "Compare it with the exported evidence",
        )


def _check_earlier(earlier: t.Iterable[Checkpoint], there: t.Collection[tuple[int, str]], problems: Problems) -> None:
    """See that what was kept in the ledger and exported is still in the ledger. An export's own has no run."""
    for mark in earlier:
        if mark["run"] and (mark["seq"], mark["signature"]) not in there:
            problems.add(
                "checkpoint_missing",
                f"the one of {mark['at']} is in the earlier export, and is not here as it was",
                f"checkpoint of event {mark['seq']}",
                "The ledger was put back to an older state, or its checkpoints were made again",
            )


def _unsigned(marks: t.Sequence[Checkpoint], head: Head, problems: Problems) -> list[Finding]:
    """Say which events at the end only their hashes speak for: whoever could write here could have made them."""
    signed = max((mark["seq"] for mark in marks), default=0)
    if signed >= head.seq or problems.found:
        return []
    events = f"events {signed + 1} to {head.seq} are" if head.seq > signed + 1 else f"event {head.seq} is"
    message = f"{events} not covered by a signed checkpoint: a run is at work or was stopped, or the last was removed"
    todo = "The next run signs again; hold the ledger against the last export (against)"
    return [Finding("not_signed", "note", message, "end of the chain", todo=todo)]


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


def _wrong_before(
    known: tuple[str | None, int], was: str | None, name: str, key: t.Sequence[t.Any], now: int, problems: Problems
) -> None:
    """Say what it means that a row, when event ``now`` wrote it again, was not what was known of it."""
    expected, seq = known
    then = f"when event {now} wrote it again"
    if not expected:
        _row_problem(problems, "row_foreign", name, tuple(key), {}, f"no event had told of it {then}", seq)
    elif was is None:
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
        place = operator.itemgetter(*(kept.columns.index(column) for column in kept.key))
        alone = len(kept.key) == 1
        digested = digest_of_values(name)
        for values in select_equal(connection, name, {}):
            key = (place(values),) if alone else place(values)
            expected, seq = state.pop((name, key), _NOTHING_KNOWN)
            try:
                as_written = expected is not None and digested(values) == expected
            except TypeError:  # a type that was never written
                as_written = False
            if as_written:
                continue
            row = dict(zip(kept.columns, values, strict=True))
            if expected is None:
                _row_problem(problems, "row_foreign", name, key, row, "no event tells of it", seq)
            else:
                _row_problem(problems, "row_altered", name, key, row, "it is not as event {seq} wrote it", seq)
    for (name, key), (expected, seq) in state.items():
        if expected is not None:
            _row_problem(problems, "row_missing", name, key, {}, "event {seq} wrote it, and it is gone", seq)


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
