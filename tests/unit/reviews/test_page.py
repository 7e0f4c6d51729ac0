# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reviewer's page is one file that loads nothing, and in which no text is anything but text."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import html.parser
import json
import re

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.reviews.packet import packets
from ansible_collections.rollcall.access.plugins.module_utils.reviews.page import (
    decisions_name,
    file_stem,
    page_stem,
    render,
)
from ansible_collections.rollcall.access.tests.unit.reports.hostile import HOSTILE
from ansible_collections.rollcall.access.tests.unit.reviews.page_sample import campaign, hostile
from ansible_collections.rollcall.access.tests.unit.reviews.saving import token_for


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    with Ledger.open(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.db'}") as ledger:
        yield ledger


def packet_of(number):
    review, around, now = campaign(number)
    (packet,) = packets(review, around, now, company="Small & Sons")
    return packet


class Elements(html.parser.HTMLParser):
    """The elements of a page with their attributes, and the texts of its scripts and styles."""

    def __init__(self, page):
        super().__init__()
        self.found, self.texts, self._in = [], [], None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self._in = (tag, dict(attrs).get("type", "")) if tag in ("script", "style") else None

    def handle_data(self, data):
        if self._in:
            self.texts.append((*self._in, data))

    def handle_endtag(self, _tag):
        self._in = None


@pytest.fixture(scope="module")
def page(ledger):
    packet = packet_of(30)
    return Elements(render(packet, token_for(ledger, packet)))


def test_it_loads_nothing_and_has_no_handlers_styles_or_forms(page):
    for tag, attributes in page.found:
        assert tag not in ("link", "iframe", "img", "form", "base", "object", "embed")
        assert not {"src", "action", "style", "srcset"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("href", "#").startswith("#")


def test_its_policy_allows_its_own_style_and_script_and_nothing_else(page):
    (policy,) = (a["content"] for tag, a in page.found if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert (rules["default-src"], rules["form-action"], rules["base-uri"]) == ("'none'", "'none'", "'none'")
    for tag in ("style", "script"):
        (text,) = (text for name, type, text in page.texts if name == tag and not type)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"
    assert re.search(r"\beval\b|innerHTML|outerHTML|insertAdjacentHTML|document\.write|new Function", text) is None


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_makes_no_element_and_arrives_as_it_was(ledger, text):
    packet, plain = hostile(text), hostile("plain")
    found = Elements(render(packet, token_for(ledger, packet)))
    usual = Elements(render(plain, token_for(ledger, plain)))
    assert [tag for tag, _attributes in found.found] == [tag for tag, _attributes in usual.found]
    (data,) = (text for tag, type, text in found.texts if type == "application/json")
    assert re.fullmatch(r"[\x20-\x7e]*", data)
    assert not re.search(r"[<>&]", data)
    assert json.loads(data)["people"][0][0] == text


def test_five_hundred_items_are_smaller_than_three_hundred_kilobytes(ledger):
    packet = packet_of(500)
    assert len(packet.items) == 500
    assert len(render(packet, token_for(ledger, packet)).encode()) < 300_000


def test_half_of_a_surrogate_pair_does_not_stop_the_page(ledger):
    packet = hostile("half \ud800")
    page = render(packet, token_for(ledger, packet))
    assert "half ?" in page.encode().decode()


def test_the_same_packet_makes_the_same_page(ledger):
    packet = packet_of(30)
    assert render(packet, token_for(ledger, packet)) == render(packet_of(30), token_for(ledger, packet))


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Gia.Vale@Corp.example", "gia.vale@corp.example"),
        ("../../etc/passwd", "etc-passwd-"),
        ("a b\x00/c", "a-b-c-"),
        ("...", "nobody-"),
        ("x" * 400, "x" * 100 + "-"),
        ("", "nobody"),
    ],
)
def test_a_reviewers_name_is_one_plain_part_of_a_files_name(name, stem):
    found = file_stem(name)
    assert found.startswith(stem)
    assert re.fullmatch(r"[a-z0-9@_-][a-z0-9.@_-]*", found)
    assert len(found) == len(stem) + (6 if stem.endswith("-") else 0)


def test_two_reviewers_never_have_one_file():
    names = ["a+b@corp.example", "a-b@corp.example", "a b@corp.example", "é@corp.example", "x" * 150, "x" * 151]
    assert len(set(map(file_stem, names))) == len(names)
    assert file_stem("Ada@corp.example") == file_stem("ada@CORP.example")


def test_pages_of_stages_and_delegates_have_names_of_their_own():
    packet = packet_of(6)
    assert decisions_name(packet) == "decisions-2026-q1-gia.vale@corp.example.json"
    review = dataclasses.replace(packet.review, stages=("manager", "app_owner"))
    second = dataclasses.replace(packet, review=review, stage=1)
    assert page_stem(second) == "gia.vale@corp.example-stage-2"
    stead = dataclasses.replace(packet, reviewer="ben@corp.example", in_stead_of="gia.vale@corp.example")
    assert page_stem(stead) == "ben@corp.example-for-gia.vale@corp.example"
