# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the ledger costs on top of the database: reading and writing grants with their evidence, and proving a chain."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
import time
import typing as t

import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ...plugins.module_utils.ledger import Ledger
from ...plugins.module_utils.ledger.checkpoints import KEY_VARIABLE
from ...plugins.module_utils.ledger.verifying import verify_ledger
from ..ledgers import NOW, RUN, Plain, fill, grants, plain
from ..postgresql import postgresql
from ..row import AtMost, Contestant, Place, RateOver, Row, Sample

#: 60 % of the speed takes so much longer
SLOWER = 1 / 0.6
#: what is written while measuring is of people whose ids begin so
NEW = "N"
#: how many entitlements one transaction of a run gives: those of one person in one app
PACKET = 3


@contextlib.contextmanager
def rows(place: Place) -> t.Iterator[t.Sequence[Row]]:
    count, events = place.size(300_000, 3_000), place.size(1_000_000, 10_000)
    with contextlib.ExitStack() as stack:
        key = place.folder / "key.pem"
        _make_key(key)
        stack.enter_context(_environment(KEY_VARIABLE, str(key)))
        path = place.folder / "ledger.db"
        url = f"sqlite:///{path}"
        server = f"postgresql+psycopg://owner@127.0.0.1:{stack.enter_context(postgresql())}/postgres"
        found = []
        for where, name, changes in ((url, "SQLite", (events - count) // 2), (server, "PostgreSQL", 0)):
            ledger = stack.enter_context(Ledger.open(where))
            fill(ledger, count, changes)
            without = stack.enter_context(plain(where))
            found += [
                _reading(ledger, without, count, name),
                _writing(ledger, without, place.size(10_000, 300), name, at_once=True),
                _writing(ledger, without, place.size(10_000, 300), name, at_once=False),
            ]
            if name == "SQLite":
                found.append(_verifying(path, without, without.end()[0]))
        yield found


def _make_key(path: pathlib.Path) -> None:
    encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(Ed25519PrivateKey.generate().private_bytes(encoding, shape, serialization.NoEncryption()))


@contextlib.contextmanager
def _environment(name: str, value: str) -> t.Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _timed(work: t.Callable[[], t.Any], check: t.Callable[[t.Any], bool], what: str) -> Sample:
    started = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    if not check(result):
        raise ValueError(f"{what} did not do its work")
    return Sample(seconds)


def _reading(ledger: Ledger, without: Plain, count: int, name: str) -> Row:
    expected = set(grants(count))

    def complete(found: t.Any) -> bool:
        return len(found) == count and set(found) == expected

    return Row(
        f"ledger, {name}: read",
        f"{count:,} grants read as values",
        [
            Contestant("rollcall", lambda: _timed(ledger.grants, complete, "rollcall")),
            Contestant("SQLAlchemy Core", lambda: _timed(without.read_grants, complete, "SQLAlchemy Core")),
            Contestant(
                "the bare rows", lambda: _timed(without.read_rows, lambda found: len(found) == count, "the bare rows")
            ),
        ],
        [AtMost(SLOWER, "SQLAlchemy Core")],
        "The bare rows are the floor: they are texts, and no values are made of them.",
    )


def _writing(ledger: Ledger, without: Plain, count: int, name: str, *, at_once: bool) -> Row:
    records = grants(count, NEW)
    size = count if at_once else PACKET
    records.sort(key=lambda grant: (grant.person, grant.app))
    packets = [records[start : start + size] for start in range(0, count, size)]
    end = without.end()

    def write() -> None:
        for packet in packets:
            ledger.record_grants(packet, RUN, NOW)

    write()
    told, events = without.written_since(end[0])
    if len(events) != count:
        raise ValueError(f"{len(events)} events were written for {count} grants")
    rows = [(told[start : start + size], events[start : start + size]) for start in range(0, count, size)]
    without.take_back(end, NEW)

    def insert() -> None:
        for some, proofs in rows:
            without.write(some, proofs)

    def run(work: t.Callable[[], None], who: str) -> Sample:
        # whoever writes finds the ledger as it was
        return _timed(
            work, lambda _unused: without.end()[0] == end[0] + count and without.take_back(end, NEW) == count, who
        )

    what = "in one transaction" if at_once else f"{PACKET} in a transaction, as a run gives them"
    return Row(
        f"ledger, {name}: write {'at once' if at_once else 'in packets'}",
        f"{count:,} grants with their events, {what}",
        [
            Contestant("rollcall", lambda: run(write, "rollcall")),
            Contestant("SQLAlchemy Core inserts", lambda: run(insert, "SQLAlchemy Core")),
        ],
        [AtMost(SLOWER, "SQLAlchemy Core inserts")],
        "The inserts are the floor too: the same rows, worked out and hashed beforehand, nothing read or compared.",
    )


def _verifying(path: pathlib.Path, without: Plain, events: int) -> Row:
    def whole() -> bool:
        with Ledger.open(f"sqlite:///{path}", read_only=True) as ledger:
            verification = verify_ledger(ledger)
        return verification.ok and verification.count == events

    def plain_python() -> bool:
        previous = "0" * 64
        with without.engine.connect() as connection:
            query = sa.select(without.events).order_by(without.events.c.seq).execution_options(yield_per=1000)
            for row in connection.execute(query).mappings():
                entry = {**row, "data": json.loads(row["data"])}
                claimed = entry.pop("hash")
                text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
                if entry["previous"] != previous or hashlib.sha256(text.encode()).hexdigest() != claimed:
                    return False
                previous = claimed
        return True

    def bare() -> bool:
        count = 0
        with without.engine.connect() as connection:
            query = sa.select(without.events).order_by(without.events.c.seq).execution_options(yield_per=1000)
            for row in connection.execute(query):
                hashlib.sha256(",".join(map(str, row)).encode()).hexdigest()
                count += 1
        return count == events

    return Row(
        "ledger, SQLite: verify",
        f"a chain of {events:,} events, and the rows that it tells of",
        [
            Contestant("rollcall", lambda: _timed(whole, bool, "rollcall")),
            Contestant("plain Python", lambda: _timed(plain_python, bool, "plain Python")),
            Contestant("read and hashed", lambda: _timed(bare, bool, "read and hashed")),
        ],
        [RateOver(200_000, events)],
        "Plain Python checks only the chain; reading all with SQLAlchemy Core and hashing it, in a form that is of no "
        "use, is the floor.",
    )
