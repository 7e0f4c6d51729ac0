# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes back from outside: files of decisions that anybody may attach, and tokens that anybody may paste."""

from __future__ import annotations

import base64
import copy
import datetime as dt
import json
import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.company import extension_token
from ansible_collections.rollcall.access.plugins.module_utils.errors import RequestError, ReviewError
from ansible_collections.rollcall.access.plugins.module_utils.ledger.encoding import canonical
from ansible_collections.rollcall.access.plugins.module_utils.ledger.signing import signed
from ansible_collections.rollcall.access.plugins.module_utils.ledger.store import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.reviews import token as page_token
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decision_sheet import read_decisions
from ansible_collections.rollcall.access.plugins.module_utils.reviews.decisions_file import (
    is_page_file,
    read_page_file,
    seal,
)
from ansible_collections.rollcall.access.plugins.module_utils.reviews.packet import packets
from ansible_collections.rollcall.access.tests.security.payloads import payloads
from ansible_collections.rollcall.access.tests.unit.reviews.page_sample import NOW, campaign
from ansible_collections.rollcall.access.tests.unit.reviews.saving import document, token_for, written
from cryptography.hazmat.primitives.asymmetric import ed25519

OPENED = NOW + dt.timedelta(days=1)
EXTENSION = extension_token.ExtensionToken(
    "exception", "dan-code", "hub/code", "4", "2", dt.date(2026, 6, 5), dt.date(2026, 7, 5)
)
Document = dict[str, t.Any]


@pytest.fixture
def ledger(tmp_path: pathlib.Path) -> t.Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        yield ledger


@pytest.fixture
def other(tmp_path: pathlib.Path) -> t.Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'other.db'}") as ledger:
        yield ledger


#: Files that are no decisions, whatever they are called; each of them has ended a program somewhere.
NO_DECISIONS: dict[str, bytes] = {
    "deep.json": b"[" * 200_000,
    "deep-in-order.json": b"[" * 50_000 + b"]" * 50_000,
    "decisions-deep.json": b'{"format": ' * 100_000,
    "deep.yml": b"- " * 100_000 + b"x",
    "deep-in-braces.yaml": b"{a: " * 100_000,
    "question-marks.yml": b"? " * 100_000 + b"x",
    "laughs.yml": b"a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (n + 1, n + 1, b", ".join([b"*%c" % n] * 10)) for n in range(97, 106))
    + b"decisions: *j\n",
    "itself.yml": b"&a [*a]",
    "a tag.yml": b"!!python/object/apply:os.system ['touch pwned']",
    "a key of keys.yml": b"? {a: b}\n: c",
    "half a pair.json": b'[{"item_id": "\\ud800"}]',
    "bytes.json": b"\xff\xfe[\x00",
    "bytes.csv": b"\x89PNG\r\n\x1a\n\x00",
    "a wide cell.csv": b"item_id,decision,by\n" + b"x" * 200_000 + b",keep,x\n",
    "an open quote.csv": b'item_id,decision,by\n"' + b"x\n" * 10_000,
    "two headers.csv": b"item_id,decision,by,by\n",
    "nothing.csv": b"",
    "nothing.json": b"",
    "a page.html": b"<html></html>",
    "a sheet.xlsx": b"PK\x03\x04",
}


@pytest.mark.parametrize("name", NO_DECISIONS)
def test_a_file_that_is_none_is_refused_by_its_name_and_ends_nothing(
    ledger: Ledger, tmp_path: pathlib.Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(NO_DECISIONS[name])
    with pytest.raises(ReviewError) as refused:
        read_page_file(path, ledger) if is_page_file(path) else read_decisions(path)
    assert name in str(refused.value)
    assert len(str(refused.value)) < 1000
    assert not pathlib.Path("pwned").exists()


# --- the token of a page


def _saved(ledger: Ledger) -> Document:
    review, around, _now = campaign(28)
    (packet,) = packets(review, around, NOW)
    answers = {packet.items[0].item.id: {"decision": "keep", "reason": "needed"}}
    return document(packet, token_for(ledger, packet), answers, OPENED)


def _resealed(made: Document, **token: t.Any) -> Document:
    """The document with these values in its token, and a seal that fits: whoever alters it can work that out."""
    changed = copy.deepcopy(made)
    changed["token"].update(token)
    return {**changed, "seal": seal(changed)}


def _signed_by_another(made: Document) -> Document:
    key = ed25519.Ed25519PrivateKey.generate()
    content = {n: v for n, v in made["token"].items() if n not in ("public_key", "signature")}
    message = canonical({"subject": page_token.SUBJECT, "document": content}).encode("ascii")
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    return _resealed(made, public_key=public, signature=base64.b64encode(key.sign(message)).decode())


FORGED: dict[str, t.Callable[[Document], Document]] = {
    "another campaign": lambda made: _resealed(made, campaign="other"),
    "another reviewer": lambda made: _resealed(made, reviewer="boss@corp.example"),
    "another stage": lambda made: _resealed(made, stage=1),
    "a later deadline": lambda made: _resealed(made, due="2030-01-01T00:00:00+00:00"),
    "fewer items": lambda made: _resealed(made, items=1),
    "other items": lambda made: _resealed(made, digest="0" * 64),
    "a truth for a number": lambda made: _resealed(made, stage=False),
    "no signature": lambda made: _resealed(made, signature=""),
    "half a signature": lambda made: _resealed(made, signature=made["token"]["signature"][:44]),
    "a signature of zeros": lambda made: _resealed(made, signature=base64.b64encode(bytes(64)).decode()),
    "a key of zeros": lambda made: _resealed(
        made, public_key=base64.b64encode(bytes(32)).decode(), signature=base64.b64encode(bytes(64)).decode()
    ),
    "another key": _signed_by_another,
    "it says how to check it": lambda made: _resealed(made, alg="none"),
    "no token": lambda made: {**made, "token": None},
}


@pytest.mark.parametrize("what", FORGED)
def test_a_pages_token_that_was_forged_is_refused(ledger: Ledger, tmp_path: pathlib.Path, what: str) -> None:
    made = _saved(ledger)
    assert len(read_page_file(written(made, tmp_path), ledger).entries) == 28
    with pytest.raises(ReviewError, match="token") as refused:
        read_page_file(written(FORGED[what](made), tmp_path), ledger)
    assert "Ask the reviewer for the file" in str(refused.value)


def test_a_pages_token_of_another_company_is_refused(ledger: Ledger, other: Ledger, tmp_path: pathlib.Path) -> None:
    with pytest.raises(ReviewError, match="does not come from this ledger"):
        read_page_file(written(_saved(other), tmp_path), ledger)


# --- the token of an extension


def test_no_letter_of_an_extensions_token_can_be_another_one_or_missing(ledger: Ledger, other: Ledger) -> None:
    token = extension_token.issue(ledger, EXTENSION)
    assert extension_token.read(ledger, token) == EXTENSION
    with pytest.raises(RequestError, match="does not come from this ledger"):
        extension_token.read(other, token)
    for place, letter in enumerate(token):
        for text in (
            token[:place],
            token[place + 1 :],
            token[:place] + ("A" if letter != "A" else "B") + token[place + 1 :],
        ):
            try:
                found = extension_token.read(ledger, text)
            except RequestError:
                continue
            # the last letter of base64 has bits that say nothing
            assert (found, text[:-1]) == (EXTENSION, token[:-1])


def _packed(value: t.Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_an_extensions_token_that_was_forged_is_refused(ledger: Ledger) -> None:
    content, _dot, signature = extension_token.issue(ledger, EXTENSION).partition(".")
    values = list(EXTENSION.content.values())
    longer = _packed([*values[:-1], "2030-01-01"])
    for_page = signed(ledger, page_token.SUBJECT, EXTENSION.content)["signature"]
    deep = base64.urlsafe_b64encode(b"[" * 3000).decode().rstrip("=")
    forged = [
        f"{longer}.{signature}",
        f"{longer}.",
        f"{longer}.{'A' * 86}",
        f"{content}.{content}",
        f"{content}.{for_page.translate(str.maketrans('+/', '-_')).rstrip('=')}",
        f"{_packed({'alg': 'none'})}.{content}.",
        f"{_packed([*values, 'more'])}.{signature}",
        f"{_packed([1, *values[1:]])}.{signature}",
        f"{deep}.{signature}",
        f"{content}.{signature}" * 100,
        *payloads(),
    ]
    for text in forged:
        with pytest.raises(RequestError) as refused:
            extension_token.read(ledger, text)
        assert refused.value.where == "the token"
        assert "from the warning" in refused.value.todo
