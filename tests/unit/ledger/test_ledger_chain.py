# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chain: whatever is done to it afterwards is found."""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
import json

from ansible_collections.rollcall.access.plugins.module_utils.ledger.chain import (
    LISTED,
    Head,
    entry_of,
    event_of,
    genesis,
    hash_of,
    hash_of_texts,
    verify,
)
from ansible_collections.rollcall.access.plugins.module_utils.ledger.encoding import canonical
from hypothesis import given
from hypothesis import strategies as st

AT = dt.datetime(2026, 3, 2, tzinfo=dt.UTC).isoformat(timespec="microseconds")


COMPANY = genesis(False)


def chain_of(data, first=COMPANY):
    entries, previous = [], first
    for seq, item in enumerate(data, 1):
        entry = {
            "seq": seq,
            "at": AT,
            "kind": "x.happened",
            "run": "r",
            "actor": "alex",
            "person": "p",
            "app": "a",
            "data": item,
            "previous": previous,
        }
        previous = entry["hash"] = hash_of(entry)
        entries.append(entry)
    return entries


def head_of(entries):
    return Head(entries[-1]["seq"], entries[-1]["hash"])


def codes(verification):
    return [problem.code for problem in verification.problems]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
chains = st.lists(json_values, min_size=3, max_size=8).map(chain_of)


def test_the_hash_is_that_of_the_other_fields_as_canonical_json():
    (entry,) = chain_of([{"b": "Zoë", "a": [1, None]}])
    text = (
        '{"actor":"alex","app":"a","at":"2026-03-02T00:00:00.000000+00:00","data":{"a":[1,null],"b":"Zo\\u00eb"},'
        '"kind":"x.happened","person":"p","previous":"' + "0" * 64 + '","run":"r","seq":1}'
    )
    assert entry["hash"] == hashlib.sha256(text.encode()).hexdigest()


@given(json_values, st.lists(st.text(), min_size=7, max_size=7))
def test_the_hash_over_stored_texts_is_the_same(data, texts):
    entry = dict(zip(("at", "kind", "run", "actor", "person", "app", "previous"), texts, strict=True))
    assert hash_of({**entry, "seq": 7, "data": data}) == hash_of_texts(seq=7, data=canonical(data), **entry)


@given(chains)
def test_a_chain_that_nobody_touched_holds(entries):
    verification = verify(entries, head=head_of(entries))
    assert verification.ok
    assert verification.count == len(entries)
    assert verification.head == head_of(entries)
    assert verify([event_of(entry) for entry in entries], head=head_of(entries)).ok
    assert [entry_of(event_of(entry)) for entry in entries] == entries
    assert verify(json.loads(json.dumps(entries)), head=head_of(entries)).ok


@given(chains, st.data())
def test_any_altered_field_is_found_at_its_event(entries, data):
    altered = copy.deepcopy(entries)
    n = data.draw(st.integers(0, len(entries) - 1))
    field = data.draw(st.sampled_from(sorted(set(entries[0]) - {"seq"})))
    altered[n][field] = {"altered": altered[n][field]} if field == "data" else f"{altered[n][field]}x"
    found = verify(altered, head=head_of(entries))
    assert any(problem.where == f"event {n + 1}" for problem in found.problems)


@given(chains, st.data())
def test_an_altered_event_with_a_hash_that_fits_breaks_the_chain_after_it(entries, data):
    altered = copy.deepcopy(entries)
    n = data.draw(st.integers(0, len(entries) - 1))
    altered[n]["actor"] = "somebody else"
    altered[n]["hash"] = hash_of(altered[n])
    expected = ["chain_broken"] if n < len(entries) - 1 else ["chain_cut"]
    assert codes(verify(altered, head=head_of(entries))) == expected


@given(chains, st.data())
def test_a_removed_event_is_found(entries, data):
    n = data.draw(st.integers(0, len(entries) - 1))
    left = entries[:n] + entries[n + 1 :]
    expected = "event_missing" if n < len(entries) - 1 else "chain_cut"
    assert expected in codes(verify(left, head=head_of(entries)))


@given(chains, st.data())
def test_events_in_another_order_are_found(entries, data):
    order = data.draw(st.permutations(range(len(entries))).filter(lambda order: order != sorted(order)))
    assert not verify([entries[n] for n in order], head=head_of(entries)).ok


@given(chains, st.data())
def test_an_event_that_is_there_twice_is_found(entries, data):
    n = data.draw(st.integers(0, len(entries) - 1))
    assert "event_out_of_order" in codes(verify(entries[: n + 1] + entries[n:], head=head_of(entries)))


@given(chains, st.data())
def test_a_cut_end_is_found_by_the_head_and_by_a_checkpoint(entries, data):
    left = entries[: data.draw(st.integers(0, len(entries) - 1))]
    mark = {"seq": len(entries), "head_hash": entries[-1]["hash"], "at": AT}
    assert "chain_cut" in codes(verify(left, head=head_of(entries)))
    assert codes(verify(left, checkpoints=[mark])) == ["chain_cut"]


@given(chains, st.data())
def test_a_chain_that_was_worked_out_anew_does_not_fit_a_checkpoint(entries, data):
    n = data.draw(st.integers(0, len(entries) - 1))
    forged = chain_of([entry["data"] if k != n else "forged" for k, entry in enumerate(entries)])
    mark = {"seq": len(entries), "head_hash": entries[-1]["hash"], "at": AT}
    assert verify(forged, head=head_of(forged)).ok
    same = forged[-1]["hash"] == entries[-1]["hash"]
    assert codes(verify(forged, checkpoints=[mark])) == ([] if same else ["checkpoint_mismatch"])


def test_a_rehearsals_chain_is_not_a_companys():
    entries = chain_of(["x"], first=genesis(True))
    assert verify(entries, first=genesis(True)).ok
    assert codes(verify(entries)) == ["chain_broken"]


def test_an_empty_chain_holds_unless_something_should_be_there():
    assert verify([]).ok
    assert codes(verify([], head=Head(3, "x"))) == ["chain_cut"]


def test_countless_problems_are_counted_and_not_all_listed():
    entries = [{**entry, "actor": "x"} for entry in chain_of(["x"] * (LISTED + 5))]
    problems = verify(entries).problems
    assert len(problems) == LISTED + 1
    assert problems[-1].message == "5 more problems are not listed"
