# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checkpoints, the export, and the independent program that checks it."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import LedgerError
from ansible_collections.rollcall.access.plugins.module_utils.ledger import Ledger
from ansible_collections.rollcall.access.plugins.module_utils.ledger.checkpoints import (
    checkpoint,
    public_keys,
    signature_fits,
)
from ansible_collections.rollcall.access.plugins.module_utils.ledger.export import export
from ansible_collections.rollcall.access.plugins.module_utils.ledger.verifying import verify_ledger
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

VERIFIER = pathlib.Path(__file__).parents[3] / "extensions" / "verifier" / "rollcall_verify.py"


def load_verifier():
    spec = importlib.util.spec_from_file_location("rollcall_verify", VERIFIER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def check():
    verifier = load_verifier()

    def checked(folder, *options):
        out = io.StringIO()
        return verifier.main([str(folder), *map(str, options)], out), out.getvalue()

    return checked


@pytest.fixture
def file_ledger(path, run, now):
    with Ledger.open(f"sqlite:///{path}") as ledger:
        ledger.begin_run(run)
        for n in range(5):
            ledger.append("x.happened", run, now, person=f"p{n}", data={"n": n, "name": "Zoë <b>"})
            if n == 2:
                checkpoint(ledger, run, now)
        yield ledger


@pytest.fixture
def exported(file_ledger, now, tmp_path):
    return export(file_ledger, tmp_path / "evidence", now)


def pem_of(key):
    shape = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*shape)


def public_pem_of(key):
    shape = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key.public_key().public_bytes(*shape)


# checkpoints


def test_the_key_is_made_once_and_only_its_owner_can_read_it(file_ledger, path, run, now):
    key = path.with_name("ledger.db.key")
    before = key.read_bytes()
    assert key.stat().st_mode & 0o777 == 0o600
    assert path.with_name("ledger.db.pub").read_text().startswith("-----BEGIN PUBLIC KEY-----")
    made = checkpoint(file_ledger, run, now)
    assert signature_fits(made)
    assert made["seq"] == file_ledger.head.seq
    assert made["head_hash"] == file_ledger.head.hash
    assert key.read_bytes() == before
    assert sorted(p.name for p in path.parent.glob("*.key*")) == ["ledger.db.key"]


def test_a_second_checkpoint_of_the_same_end_is_the_first_one(file_ledger, run, now):
    first = checkpoint(file_ledger, run, now)
    assert checkpoint(file_ledger, run, now.replace(hour=20)) == first
    assert len(file_ledger.checkpoints()) == 2


def test_an_empty_chain_can_be_signed(path, run, now):
    with Ledger.open(f"sqlite:///{path}") as ledger:
        checkpoint(ledger, run, now)
        assert verify_ledger(ledger).ok


def test_a_lost_key_is_replaced_and_what_it_signed_still_counts(file_ledger, path, run, now):
    path.with_name("ledger.db.key").unlink()
    checkpoint(file_ledger, run, now)
    assert len(public_keys(file_ledger)) == 2
    assert verify_ledger(file_ledger).ok


def test_the_key_can_be_given(path, run, now, tmp_path, monkeypatch):
    given = ed25519.Ed25519PrivateKey.generate()
    (tmp_path / "own.pem").write_bytes(pem_of(given))
    monkeypatch.setenv("ROLLCALL_LEDGER_KEY", str(tmp_path / "own.pem"))
    with Ledger.open(f"sqlite:///{path}") as ledger:
        made = checkpoint(ledger, run, now)
        assert public_keys(ledger) == (made["public_key"],)
        assert verify_ledger(ledger).notes == ()
    assert not path.with_name("ledger.db.key").exists()


def test_a_ledger_without_its_public_key_says_what_that_means(file_ledger, path):
    path.with_name("ledger.db.key").unlink()
    path.with_name("ledger.db.pub").unlink()
    verification = verify_ledger(file_ledger)
    assert verification.ok
    assert [note.code for note in verification.notes] == ["key_unknown", "not_signed"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"nonsense", "is not an unencrypted private key in PEM"),
        (pem_of(rsa.generate_private_key(public_exponent=65537, key_size=2048)), "is not an Ed25519 key"),
        (None, "cannot be read"),
    ],
)
def test_a_key_that_cannot_be_used_is_named(path, run, now, tmp_path, monkeypatch, content, message):
    key = tmp_path / "own.pem"
    if content is not None:
        key.write_bytes(content)
    monkeypatch.setenv("ROLLCALL_LEDGER_KEY", str(key))
    with Ledger.open(f"sqlite:///{path}") as ledger, pytest.raises(LedgerError, match=message):
        checkpoint(ledger, run, now)


def test_a_ledger_that_is_no_file_needs_a_key_that_is_given(run, now):
    with Ledger.open("sqlite://") as ledger, pytest.raises(LedgerError, match="ROLLCALL_LEDGER_KEY"):
        checkpoint(ledger, run, now)


# the export


def test_an_export_holds_everything_and_is_found_good(exported, check, file_ledger):
    manifest = json.loads((exported / "manifest.json").read_text())
    assert manifest["events"] == 6
    assert manifest["head"] == {"seq": 6, "hash": file_ledger.head.hash}
    assert len((exported / "events.jsonl").read_text().splitlines()) == 6
    code, text = check(exported)
    assert code == 0
    assert "GOOD" in text
    assert "6 events" in text
    assert "events 1 to 6" in text
    assert public_keys(file_ledger)[0] in text


def test_exporting_does_not_write_to_the_ledger_and_can_be_repeated(exported, check, path, now):
    with Ledger.open(f"sqlite:///{path}", read_only=True) as ledger:
        before = ledger.head, ledger.checkpoints()
        assert export(ledger, exported, now) == exported
        assert (ledger.head, ledger.checkpoints()) == before
    assert check(exported)[0] == 0


def test_an_export_of_nothing_is_good(tmp_path, now, check):
    with Ledger.open("sqlite://") as ledger:
        folder = export(ledger, tmp_path / "evidence", now)
    assert check(folder)[0] == 0


def test_an_export_does_not_go_among_other_files(file_ledger, tmp_path, now):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    with pytest.raises(LedgerError, match="other files"):
        export(file_ledger, folder, now)
    assert [p.name for p in folder.iterdir()] == ["thesis.txt"]


def test_a_rehearsals_export_says_so(tmp_path, run, now, check):
    with Ledger.open("sqlite://", rehearsal=True) as ledger:
        ledger.begin_run(run)
        folder = export(ledger, tmp_path / "evidence", now)
    code, text = check(folder)
    assert code == 0
    assert "a rehearsal" in text
    edit_manifest(folder, rehearsal=False)
    assert check(folder)[0] == 1


def test_a_tampered_ledger_exports_and_is_found_not_good(file_ledger, tmp_path, now, check):
    with file_ledger._writer.begin() as connection:
        connection.exec_driver_sql("UPDATE events SET actor = 'nobody' WHERE seq = 3")
        connection.exec_driver_sql("UPDATE events SET data = '{' WHERE seq = 4")
    code, text = check(export(file_ledger, tmp_path / "evidence", now))
    assert code == 1
    assert "event 3 (line 3): it was altered" in text
    assert "event 4 (line 4): it was altered" in text


# the independent program


def edit_manifest(folder, **fields):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest.update(fields)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def rewrite(folder, name, change):
    """Alter a file and put its hash in the manifest right, as somebody would who knows the format."""
    import hashlib

    lines = (folder / name).read_text().splitlines()
    (folder / name).write_text("".join(f"{line}\n" for line in change(lines)))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sha256"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [line.replace('"p3"', '"p9"') for line in lines], "it was altered"),
        (lambda lines: lines[:3] + lines[4:], "events 4 to 4 are missing"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "out of order"),
        (lambda lines: lines[:-1], "tells of another end"),
        (lambda lines: lines[:2], "a checkpoint was signed over it"),
        (lambda lines: [*lines, lines[-1]], "out of order"),
        (lambda lines: [*lines, "{"], "line 7: cannot be read"),
        (lambda lines: [*lines, "[]"], "line 7: it is not an object"),
        (lambda lines: [*lines[:-1], lines[-1].replace('"app":""', '"app":"","app":""')], "a key is there twice"),
        (lambda lines: [*lines[:-1], lines[-1].replace('"app":"",', "")], "does not have the fields"),
        (lambda lines: [], "tells of another end"),
    ],
)
def test_events_that_were_tampered_with_are_named(exported, check, change, said):
    rewrite(exported, "events.jsonl", change)
    code, text = check(exported)
    assert code == 1
    assert "NOT GOOD" in text
    assert said in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda lines: [line.replace('"run":"run-1"', '"run":"run-2"') for line in lines],
            "its signature does not fit",
        ),
        (lambda lines: [*lines[:-1], '{"at":"x"}'], "its signature does not fit"),
        (lambda lines: lines[:-1], "the manifest tells of 2"),
    ],
)
def test_checkpoints_that_were_tampered_with_are_named(exported, check, change, said):
    rewrite(exported, "checkpoints.jsonl", change)
    code, text = check(exported)
    assert code == 1
    assert said in text


def test_a_file_that_is_not_the_manifests_is_named(exported, check):
    with (exported / "events.jsonl").open("a") as file:
        file.write("\n")
    code, text = check(exported)
    assert code == 1
    assert "events.jsonl: it is not the file" in text


def test_what_an_export_holds_never_looks_like_the_programs_own_word(exported, check):
    """The manifest is not signed, and an event may be forged: both may hold what a terminal obeys."""
    lie = "now\nGOOD: the evidence of a company is whole\x1b[2J"
    manifest = json.loads((exported / "manifest.json").read_text())
    (exported / "manifest.json").write_text(json.dumps({**manifest, "exported_at": lie}))
    code, text = check(exported)
    assert (code, text.count("\nGOOD")) == (0, 0)
    assert "exported at now\\nGOOD" in text
    with (exported / "events.jsonl").open("a") as file:
        file.write(json.dumps({"seq": lie}) + "\n" + "[" * 100_000 + "\n")
    code, text = check(exported)
    assert code == 1
    assert not [line for line in text.splitlines() if line.startswith("GOOD") or not line.isprintable()]
    assert "cannot be read" in text


def test_a_whole_forged_export_is_found_with_the_trusted_key(exported, check, path, tmp_path, run, now):
    with Ledger.open(f"sqlite:///{tmp_path / 'forged.db'}") as forged:
        forged.begin_run(run)
        checkpoint(forged, run, now)
        folder = export(forged, tmp_path / "forged", now)
    trusted = path.with_name("ledger.db.pub")
    assert check(folder)[0] == 0
    assert check(exported, "--key", trusted)[0] == 0
    code, text = check(folder, "--key", trusted)
    assert code == 1
    assert "a key that is not trusted" in text


def test_what_no_checkpoint_covers_is_said(file_ledger, tmp_path, run, now, check, path):
    path.with_name("ledger.db.key").unlink()
    code, text = check(export(file_ledger, tmp_path / "evidence", now))
    assert code == 0
    assert "events 1 to 4" in text
    assert "Events 5 to 6 are not signed" in text


@pytest.mark.parametrize("name", ["manifest.json", "events.jsonl", "checkpoints.jsonl", "public_key.pem"])
def test_a_missing_file_is_not_good(exported, check, name):
    (exported / name).unlink()
    code, text = check(exported)
    assert code == 1
    assert name in text


def test_the_program_runs_alone_without_rollcall(exported, tmp_path):
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(VERIFIER, alone)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, str(alone / VERIFIER.name), str(exported)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=alone, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "GOOD" in done.stdout
    (exported / "events.jsonl").write_text("")
    assert subprocess.run(command, capture_output=True, env=environment, cwd=alone, check=False).returncode == 1


def test_the_program_is_short_and_shares_no_code():
    text = VERIFIER.read_text()
    assert len(text.splitlines()) < 200
    assert "ansible" not in text
    assert "import rollcall" not in text
