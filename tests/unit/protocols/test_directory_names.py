# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values in names and filters of a directory: whatever is in them, they stay one value."""

from __future__ import annotations

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.protocols import directory_names as names
from hypothesis import given, settings
from hypothesis import strategies as st

# What a directory can hold as text: no half characters.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_a_value_comes_out_of_a_name_as_it_went_in(value: str, other: str) -> None:
    dn = names.below(names.relative_name("cn", value), names.below(names.relative_name("ou", other), "dc=acme"))
    assert len(names.split_name(dn)) == 3
    assert names.own_value(dn) == value
    assert names.own_value(names.parent_of(dn)) == other
    assert names.is_below(dn, names.parent_of(dn))
    assert names.is_below(dn, "DC = Acme")


@settings(deadline=None)
@given(TEXTS)
def test_no_value_ends_a_filter(value: str) -> None:
    inner = names.equals("cn", value)[4:-1]
    assert not set("()*\0") & set(inner)
    raw = b""
    while inner:
        escaped = inner[0] == "\\"
        raw += bytes.fromhex(inner[1:3]) if escaped else inner[0].encode()
        inner = inner[3 if escaped else 1 :]
    assert raw.decode() == value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cn=Ada,dc=acme", "CN=ada, DC=ACME"),
        ("cn=Müller\\, Jo,dc=acme", "cn=m\\C3\\BCller\\2C jo,dc=acme"),
        ('cn="Müller, Jo",dc=acme', "cn=Müller\\, Jo,dc=acme"),
        ("cn=a+uid=b,dc=acme", "UID=b+CN=a,dc=acme"),
        ("cn=a  b,dc=acme", "cn=a b,dc=acme"),
    ],
)
def test_two_ways_to_write_one_name_are_the_same(one: str, other: str) -> None:
    assert names.normal(one) == names.normal(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("cn=a,dc=acme", "cn=a,dc=acme2"), ("cn=a\\,dc=acme", "cn=a,dc=acme"), ("cn=a\\+uid\\=b,dc=x", "cn=a+uid=b,dc=x")],
)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert names.normal(one) != names.normal(other)


def test_below_means_the_whole_name_above() -> None:
    assert not names.is_below("ou=people,dc=acme", "ou=ople,dc=acme")
    assert not names.is_below("dc=acme", "ou=people,dc=acme")
    assert names.is_below("ou=people,dc=acme", "ou=people,dc=acme")
