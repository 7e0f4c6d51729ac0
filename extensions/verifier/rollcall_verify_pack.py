# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check an evidence pack of Rollcall, without Rollcall.

    python3 rollcall_verify_pack.py FOLDER [--key TRUSTED.pem] [--events EXPORT] [--from 2026-01-01 --until 2026-03-31]

One file, on purpose: read it before you trust it. It needs Python 3.8 and the package ``cryptography``, and shares no
code with Rollcall. Exit code 0: the signature, the files (SHA-256, none more, none less), period and sample hold, and
what the events tell, whose chain is followed: people, accounts, grants, leavers' times. 1: something does not.
``rollcall_verify.py FOLDER/ledger`` checks the ledger's checkpoints besides.
"""

import argparse
import base64
import datetime as dt
import hashlib
import json
import pathlib
import re
import sys

FORMAT = "rollcall evidence pack 1"
FIELDS = ("actor", "app", "at", "data", "kind", "person", "previous", "run", "seq")
FIRST = {False: "0" * 64, True: hashlib.sha256(b"rollcall rehearsal").hexdigest()}


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def check_signature(folder, trusted, problems):
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

    pem = (trusted or folder / "public_key.pem").read_bytes()
    keys = re.findall(b"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", pem, re.DOTALL)
    keys = [load_pem_public_key(key).public_bytes(Encoding.Raw, PublicFormat.Raw) for key in keys]
    mark = read(folder / "signature.json")
    key = base64.b64decode(mark["public_key"], validate=True)
    message = FORMAT.encode("ascii") + b"\n" + (folder / "manifest.json").read_bytes()
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(mark["signature"], validate=True), message)
    except InvalidSignature:
        problems.append("manifest.json: its signature does not fit: it was altered, or signed with another key")
    if key not in keys:
        problems.append(f"signature.json: it was signed with a key that is not trusted ({mark['public_key']})")
    return mark["public_key"]


def check_files(folder, named, problems):
    digests = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in ("manifest.json", "signature.json"):
            digests[name] = {"size": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    for name in sorted({*named, *digests}):
        if name not in named:
            was = [old for old in named if old not in digests and named[old] == digests[name]]
            problems.append(f"{name}: it was {'renamed, from ' + was[0] if was else 'added'}: not in the manifest")
        elif name not in digests:
            problems.append(f"{name}: it is missing")
        elif digests[name] != named[name]:
            problems.append(f"{name}: it was altered: it has another size or SHA-256 than in the manifest")


def follow(path, manifest, problems):
    """Yield the events up to the one that the pack was made of, and follow their chain."""
    seq, head, end = 0, FIRST[bool(manifest["rehearsal"])], manifest["events"]
    with path.open(encoding="utf-8") as file:
        for line in file:
            event = json.loads(line)
            text = json.dumps({name: event[name] for name in FIELDS}, sort_keys=True, separators=(",", ":"))
            fits = hashlib.sha256(text.encode("ascii")).hexdigest() == event["hash"]
            if not fits or event["seq"] != seq + 1 or event["previous"] != head:
                problems.append(f"event {event['seq']}: it was altered, or does not follow event {seq} as that now is")
            seq, head = event["seq"], event["hash"]
            yield event
            if seq == end["seq"]:
                break
    if (seq, head) != (end["seq"], end["hash"]):
        problems.append(f"the events end with number {seq}, and are not those that the pack was made of")


def fold(events):
    """Return people (id: times and standings), grants and accounts as the events tell of them."""
    people, grants, accounts, in_force, there = {}, [], [], {}, {}
    for event in events:
        kind, at, who, data = event["kind"], event["at"], event["person"], event["data"]
        key = (who, event["app"], data.get("account"), data.get("entitlement"))
        if kind == "person.recorded":
            new = data["standing"] if "new" in data else data["changed"].get("standing", [0, 0])[1]
            people.setdefault(who, []).append((at, new or people[who][-1][1]))
        elif kind in ("grant.recorded", "grant.changed"):
            if key not in in_force:
                grants.append(in_force.setdefault(key, {"key": key, "until": None}))
            in_force[key]["since"] = data["since"]
        elif kind == "grant.ended":
            in_force.pop(key)["until"] = at
        elif kind in ("account.recorded", "account.changed", "account.gone"):
            if kind == "account.recorded":
                accounts.append({"key": (*key[1:3], event["seq"]), "whose": [], "on": False, "ends": []})
                there[key[1:3]] = accounts[-1]
            account, gone = there[key[1:3]], at if kind == "account.gone" else None
            state = data["new"].get("state") if "new" in data else data.get("changed", {}).get("state", [0, 0])[1]
            usable = not gone and (state != "suspended" if state else account["on"])
            account["ends"] += [at] if account["on"] and not usable else []
            account.update(on=usable, gone=gone, whose=[*account["whose"], (at, who)])
    return people, grants, accounts


def recount(folder, manifest, events, problems):
    """Hold people, accounts, grants and the leavers' times against what the events tell."""
    begins, ends = manifest["begins"], manifest["ends"]
    whom, where = manifest["scope"]["people"], manifest["scope"]["apps"]
    people, grants, accounts = fold(events)
    tables = {n: read(folder / f"tables/{n}.json")["rows"] for n in ("people", "accounts", "grants", "leavers")}

    def inside(person, app=None):
        return (whom is None or person in whom) and (where is None or app is None or app in where)

    def short(at):
        return at and at[:19] + "Z"

    def compare(name, counted, columns, unsure=frozenset()):
        shown = {tuple(row[column] for column in columns.split()) for row in tables[name]}
        for row in sorted(map(str, (counted - shown) | (shown - counted - unsure)))[:5]:
            problems.append(f"tables/{name}: the events and the table do not agree on {row}")

    lasting = [g for g in grants if g["since"] < ends and (g["until"] or "9") >= begins and inside(*g["key"][:2])]
    rows = {(*g["key"], short(g["since"]), short(g["until"])) for g in lasting}
    compare("grants", rows, "person_id app account entitlement since until")
    whose = [(a, [who for at, who in a["whose"] if at < ends][-1:]) for a in accounts if (a["gone"] or "9") >= begins]
    rows = {(*a["key"], who[0]) for a, who in whose if who and inside(who[0], a["key"][0])}
    compare("accounts", rows, "app account event person_id")
    known = {(id,): [each for each in people[id] if each[0] < ends] for id in people if inside(id)}
    # who had left before the period, and of whom nothing was recorded in it, need not be there
    gone = {id for id, states in known.items() if states and states[-1][1] == "left" and states[-1][0] < begins}
    compare("people", {id for id in known if known[id]} - gone, "person_id", gone)
    for row in tables["leavers"]:
        id, standings = row["person_id"], [standing for _at, standing in people[row["person_id"]]]
        own = [a for a in accounts if a["whose"][-1][1] == id and inside(id, a["key"][0])]
        if not row["last_removal_at"] or ("left" in standings and standings[-1] != "left"):
            continue  # nothing was there to be removed, or they came back and have accounts again
        last = short(max((at for account in own for at in account["ends"]), default=""))
        end, start = (dt.datetime.fromisoformat(row[name][:19]) for name in ("last_removal_at", "last_day_over"))
        wrong = abs((end - start).total_seconds() / 3600 - row["hours_from_last_day"]) > 0.02
        if last != row["last_removal_at"] or any(account["on"] for account in own) or wrong:
            problems.append(f"tables/leavers: the events tell otherwise of {id}: last removal {last}")
    return ", ".join(f"{len(rows)} {name}" for name, rows in tables.items())


def verify(options):
    folder, problems = options.folder, []
    for path in folder.rglob("*"):  # before anything is read: a link may lead anywhere, a pipe never ends
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ValueError(f"{path.relative_to(folder).as_posix()}: it is a link or a device, and no file of a pack")
    manifest = read(folder / "manifest.json")
    if manifest["format"] != FORMAT:
        raise ValueError(f"the format is {manifest['format']!r}; this program knows {FORMAT!r}")
    key, period = check_signature(folder, options.key, problems), (manifest["from"], manifest["until"])
    check_files(folder, manifest["files"], problems)
    if period != (options.first or period[0], options.last or period[1]):
        problems.append(f"manifest.json: this is a pack of another period: {period[0]} to {period[1]}")
    sample = manifest["sample"]
    ids = {row["person_id"] for row in read(folder / f"tables/{sample['of']}.json")["rows"]}
    order = sorted((hashlib.sha256(f"{sample['seed']}:{id}".encode()).hexdigest(), id) for id in ids)
    if [id for _digest, id in order[: sample["size"]]] != sample["drawn"]:
        problems.append("tables/sample: these are not the people whom the seed draws")
    place = options.events or (folder / "ledger" if manifest["events"]["included"] else None)
    counts = place and recount(folder, manifest, follow(place / "events.jsonl", manifest, problems), problems)
    if problems:
        return [f"NOT GOOD: {len(problems)} problem(s) in {folder}", *(f"- {problem}" for problem in problems[:50])]
    said = [f"GOOD: the evidence pack of {'a rehearsal' if manifest['rehearsal'] else 'a company'} is whole"]
    said += [f"{period[0]} to {period[1]}, {len(manifest['files'])} files, made at {manifest['made_at']}"]
    said += [f"counted again from the events: {counts}" if counts else "not held against events: see --events"]
    return said + ([] if options.key else [f"the key came with the pack; ask the company for it by another way: {key}"])


def main(arguments=None, out=sys.stdout):
    parser = argparse.ArgumentParser(description="Check an evidence pack of Rollcall, without Rollcall.")
    parser.add_argument("folder", type=pathlib.Path, help="the folder of the pack")
    parser.add_argument("--key", type=pathlib.Path, help="the public key (PEM) that you trust")
    parser.add_argument("--events", type=pathlib.Path, help="an export of the ledger, where the pack has no events")
    parser.add_argument("--from", dest="first", help="the first day that it has to be of")
    parser.add_argument("--until", dest="last", help="the last day that it has to be of")
    try:
        said = verify(parser.parse_args(arguments))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        said = [f"NOT GOOD: the pack cannot be read: {type(error).__name__}: {error}"]
    # what a pack holds is written out where a terminal would obey it: a file's name must not look like our own word
    print(*("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line) for line in said), sep="\n  ", file=out)
    return int(said[0].startswith("NOT GOOD"))


if __name__ == "__main__":
    sys.exit(main())
