// Copyright: the Rollcall contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// The items and what is decided about them. Values become text nodes and nothing else.
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const DAY = 86400000;
const WORDS = { keep: "keep", revoke: "revoke", change: "change" };

const byId = (id) => document.getElementById(id);
const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const count = (n, one, many) => n.toLocaleString("en-GB") + " " + (n === 1 ? one : many || one + "s");

function day(iso) {
  const [year, month, number] = iso.slice(0, 10).split("-");
  return Number(number) + " " + MONTHS[Number(month) - 1] + " " + year;
}

// The data: arrays, to be small. See _row in page.py.
const data = JSON.parse(byId("data").textContent);
const made = Date.parse(data.made);

const people = data.people.map(([name, title, department, address, type], place) => (
  { kind: "person", place, name: name || address || "(nobody)", title, department, address, type, items: [] }));
const apps = data.apps.map(([name, tier, owner], place) => ({ kind: "app", place, name, tier, owner, items: [] }));
const things = data.things.map(([app, name, description, choices]) => ({
  app: apps[app], name, description,
  choices: choices.map(([key, label, about, privileged]) => ({ key, label, about, privileged: Boolean(privileged) })),
}));
const whys = data.whys.map(([kind, id, text, agreed]) => ({ kind, id, text, agreed }));

const items = data.items.map(([id, shown, who, what, account, flags, since, used, reasons, peers, said, told, before, nextRole], place) => {
  const person = people[who];
  const thing = things[what];
  const item = {
    id, shown, place, person, thing, app: thing.app, account, since, used,
    name: thing.name || "Account without entitlements",
    privileged: Boolean(flags & 1), explained: Boolean(flags & 2), needsReason: Boolean(flags & 4), orphan: Boolean(flags & 8),
    whys: reasons.map((each) => whys[each]),
    peers: peers ? { have: peers[0], all: peers[1] } : null,
    news: said.map((each) => ({ code: data.news[each][0], text: data.news[each][1] })),
    told: told.map((each) => data.news[each][1]),
    nextRole,
    decision: "", changeTo: "", reason: "", at: "", how: "one", looked: false,
    // what the ledger has already: it is no decision of this page until somebody touches it
    before: before ? { decision: before[0], changeTo: before[1], reason: before[2] } : null,
  };
  item.text = fold([person.name, person.title, person.department, person.address, item.app.name, item.name,
    thing.description, account, ...item.whys.map((why) => why.kind + " " + why.id + " " + why.text)].join("\n"));
  person.items.push(item);
  item.app.items.push(item);
  return item;
});
const itemById = new Map(items.map((item) => [item.id, item]));

const unused = (item) => item.used !== "" && made - Date.parse(item.used) > 90 * DAY;
const alone = (item) => item.peers !== null && item.peers.have * 4 <= item.peers.all;

// What there still is to say before a decision counts; empty when it does.
function missing(item) {
  if (!item.decision) return "undecided";
  if (item.decision === "change" && !item.changeTo) return item.orphan ? "whose is it?" : "to which role?";
  if (item.decision === "keep" && item.orphan && !item.changeTo) return "who answers for it?";
  if (item.decision === "keep" && item.needsReason && !item.reason.trim()) return "a reason is missing";
  return "";
}
const decided = (item) => !missing(item);

function progress(some) {
  const found = { all: some.length, keep: 0, revoke: 0, change: 0, begun: 0 };
  for (const item of some) {
    if (decided(item)) found[item.decision] += 1;
    else if (item.decision) found.begun += 1;
  }
  found.decided = found.keep + found.revoke + found.change;
  found.left = found.all - found.decided;
  return found;
}

// What was done, the latest last, so that it can be undone.
const strokes = [];
const FIELDS = ["decision", "changeTo", "reason", "at", "how"];
const state = (item) => Object.fromEntries(FIELDS.map((field) => [field, item[field]]));

// One stroke: the same decision on one item or on several at once.
function decide(some, decision, how) {
  const at = new Date().toISOString();
  const changed = some.filter((item) => item.decision !== decision || item.how === "before");
  if (changed.length) strokes.push(changed.map((item) => [item, state(item)]));
  for (const item of changed) {
    Object.assign(item, { decision, at, how });
    if (decision !== "change" && !item.orphan) item.changeTo = "";
  }
}

function clear(item) {
  strokes.push([[item, state(item)]]);
  Object.assign(item, { decision: "", changeTo: "", at: "", how: "one" });
}

function takeBack() {
  const stroke = strokes.pop();
  if (!stroke) return [];
  for (const [item, before] of stroke) Object.assign(item, before);
  return stroke.map(([item]) => item);
}
