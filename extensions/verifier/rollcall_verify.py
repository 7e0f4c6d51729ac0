# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check an export of a Rollcall ledger, without Rollcall.

    python3 rollcall_verify.py FOLDER [--key TRUSTED.pem]

One file, on purpose: read it before you trust it. It needs Python 3.8 or newer and the package ``cryptography``, and
shares no code with Rollcall. Exit code 0: everything holds. 1: something does not, or could not be read.

What is checked: the files are those that the manifest names (SHA-256); every event's number follows the one before; its
``previous`` is the hash of the event before; its ``hash`` is the SHA-256 of its other fields as canonical JSON (keys
sorted, no spaces, ASCII); every checkpoint's Ed25519 signature; that the event it was signed over is still the same;
and that the chain does not end before the last checkpoint.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import pathlib
import re
import sys

FORMAT = "rollcall evidence 1"
FIELDS = ("actor", "app", "at", "data", "kind", "person", "previous", "run", "seq")
SIGNED = ("at", "head_hash", "run", "seq")
FIRST = {False: "0" * 64, True: hashlib.sha256(b"rollcall rehearsal").hexdigest()}
SHOWN = 50


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def strict_object(pairs):
    """Refuse a key that is there twice: two readers could read two things."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def plain(text):
    """Return a text with what a terminal would obey written out: nothing of an export may look like our own word."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))


def read_lines(path, problems):
    """Yield (line number, object) for each line that is a JSON object."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                item = json.loads(line, object_pairs_hook=strict_object)
            except (ValueError, RecursionError) as error:
                problems.append(f"{path.name}, line {number}: cannot be read ({error})")
                continue
            if isinstance(item, dict):
                yield number, item
            else:
                problems.append(f"{path.name}, line {number}: it is not an object")


def raw_keys(path):
    """Return the public keys of a PEM file, as base64 of their 32 bytes."""
    from cryptography.hazmat.primitives import serialization

    keys = []
    blocks = re.findall(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", path.read_bytes(), re.DOTALL)
    for block in blocks:
        key = serialization.load_pem_public_key(block)
        raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        keys.append(base64.b64encode(raw).decode())
    return keys


def signature_fits(mark):
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(mark["public_key"], validate=True))
        message = canonical({name: mark[name] for name in SIGNED})
        key.verify(base64.b64decode(mark["signature"], validate=True), message)
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False
    return True


def check_manifest(folder, problems):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    if manifest.get("format") != FORMAT:
        problems.append(f"manifest.json: the format is {manifest.get('format')!r}; this program knows {FORMAT!r}")
    for name in ("events.jsonl", "checkpoints.jsonl", "public_key.pem"):
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if digest != manifest.get("sha256", {}).get(name):
            problems.append(f"{name}: it is not the file that the manifest tells of (another SHA-256)")
    return manifest


def check_events(folder, manifest, marks, problems):
    """Follow the chain from its first event to its last; return the number and hash of the last."""
    seq, head = 0, FIRST[bool(manifest.get("rehearsal"))]
    waiting = {}
    for mark in marks:
        waiting.setdefault(mark.get("seq"), []).append(mark)
    count = 0

    def hold_against_marks():
        for mark in waiting.pop(seq, ()):
            if mark.get("head_hash") != head:
                problems.append(f"event {seq}: the checkpoint of {mark.get('at')} was signed over another event")

    hold_against_marks()
    for number, event in read_lines(folder / "events.jsonl", problems):
        count += 1
        where = f"event {event.get('seq')} (line {number})"
        if set(event) != {*FIELDS, "hash"} or not isinstance(event["seq"], int):
            problems.append(f"{where}: it does not have the fields of an event")
            continue
        if event["seq"] <= seq:
            problems.append(f"{where}: it is out of order, after event {seq}")
        elif event["seq"] > seq + 1:
            problems.append(f"{where}: events {seq + 1} to {event['seq'] - 1} are missing before it")
        elif event["previous"] != head:
            problems.append(f"{where}: it does not follow event {seq} as that now is")
        if hashlib.sha256(canonical({name: event[name] for name in FIELDS})).hexdigest() != event["hash"]:
            problems.append(f"{where}: it was altered ({event['kind']} of {event['at']}): the hash does not fit")
        seq, head = event["seq"], event["hash"]
        hold_against_marks()
    if manifest.get("head") != {"seq": seq, "hash": head} or manifest.get("events") != count:
        problems.append(f"the chain ends with event {seq}, and the manifest tells of another end")
    for missing in sorted(waiting, key=str):
        problems.append(f"event {missing}: it is missing, and a checkpoint was signed over it")
    return seq, head


def verify(folder, trusted, out):
    problems = []
    manifest = check_manifest(folder, problems)
    keys = raw_keys(trusted or folder / "public_key.pem")
    marks = []
    for number, mark in read_lines(folder / "checkpoints.jsonl", problems):
        where = f"checkpoint of {mark.get('at')} (line {number})"
        if not signature_fits(mark):
            problems.append(f"{where}: its signature does not fit")
        elif mark["public_key"] not in keys:
            problems.append(f"{where}: it was signed with a key that is not trusted ({mark['public_key']})")
        else:
            marks.append(mark)
    seq, head = check_events(folder, manifest, marks, problems)
    if manifest.get("checkpoints") != len(marks) and not problems:
        problems.append(f"there are {len(marks)} checkpoints, and the manifest tells of {manifest.get('checkpoints')}")
    if problems:
        print(f"NOT GOOD: {len(problems)} problem(s) in {folder}", file=out)
        for problem in problems[:SHOWN]:
            print(f"  - {plain(problem)}", file=out)
        if len(problems) > SHOWN:
            print(f"  ... and {len(problems) - SHOWN} more", file=out)
        return 1
    kind = "a rehearsal" if manifest.get("rehearsal") else "a company"
    print(f"GOOD: the evidence of {kind} is whole: {seq} events, none altered, removed or reordered.", file=out)
    print(f"  exported at {plain(manifest.get('exported_at'))}, last event's hash {head}", file=out)
    signed = max((mark["seq"] for mark in marks), default=0)
    if marks:
        print(f"  {len(marks)} signed checkpoints; the last covers events 1 to {signed}.", file=out)
    if signed < seq:
        print(f"  Events {signed + 1} to {seq} are not signed: only the hashes speak for them.", file=out)
    if not trusted and marks:
        print("  The key came with the export. Ask the company for it by another way and give it with --key:", file=out)
        for key in keys:
            print(f"    {key}", file=out)
    return 0


def main(arguments=None, out=sys.stdout):
    parser = argparse.ArgumentParser(description="Check an export of a Rollcall ledger, without Rollcall.")
    parser.add_argument("folder", type=pathlib.Path, help="the folder of the export")
    parser.add_argument("--key", type=pathlib.Path, help="the public key (PEM) that you trust")
    options = parser.parse_args(arguments)
    try:
        return verify(options.folder, options.key, out)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        print(f"NOT GOOD: the export cannot be read: {plain(error)}", file=out)
        return 1


if __name__ == "__main__":
    sys.exit(main())
