// Copyright: the Rollcall contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Where somebody stands, what they decide there, and the keys for it.
let here = null; // { item } or { group }
let begun = false; // whether somebody has been there

function say(words) { byId("said").textContent = words; }

const elementOf = (place) => (place && place.item ? (rows.get(place.item) || {}).row : place ? place.group.box : null);

// One place is reached with Tab, as in any list; the arrows do the rest.
function standOn(place, focus) {
  const before = elementOf(here);
  const now = elementOf(place);
  if (!now) return;
  if (before && before !== now) {
    before.setAttribute("tabindex", "-1");
    before.classList.remove("here");
  }
  here = place;
  now.setAttribute("tabindex", "0");
  if (begun) now.classList.add("here");
  if (focus) {
    now.focus({ preventScroll: true });
    now.scrollIntoView({ block: "nearest", behavior: "instant" });
  }
}
function stand(item, focus) {
  fill(item.group);
  standOn({ item }, focus);
}
const standAtHead = (group, focus) => standOn({ group }, focus);

function visit(place) {
  begun = true;
  standOn(place, false);
}

function move(step) {
  const all = order;
  if (!all.length) return;
  let at;
  if (!begun || !here) at = step > 0 ? 0 : all.length - 1;
  else if (here.group) at = all.indexOf(here.group.items[0]) - (step > 0 ? 0 : 1);
  else at = all.indexOf(here.item) + step;
  if (at >= 0 && at < all.length) stand(all[at], true);
}

function moveGroup(step) {
  if (!groups.length) return;
  const now = begun && here ? groups.indexOf(here.group || here.item.group) : -1;
  const at = Math.min(groups.length - 1, Math.max(0, now + step));
  standAtHead(groups[at], true);
}

// The next that is undecided, from here on and then from the top.
function goOn() {
  const all = order;
  const from = here && here.item ? all.indexOf(here.item) : here && here.group ? all.indexOf(here.group.items[0]) - 1 : -1;
  const next = [...all.slice(from + 1), ...all.slice(0, from + 1)].find((item) => !decided(item));
  if (next) return stand(next, true);
  say(progress(items).left ? "All that is shown is decided." : "Everything is decided. Press s to save.");
  return undefined;
}

function tellProgress() {
  const found = progress(items);
  const words = found.decided + " of " + count(found.all, "item") + " decided";
  byId("progress-text").textContent = words + (found.revoke ? ", " + found.revoke + " to revoke" : "") + (found.change ? ", " + found.change + " to change" : "") + (found.begun ? ", " + found.begun + " to complete" : "");
  const bar = byId("progress");
  bar.setAttribute("aria-valuemax", String(found.all));
  bar.setAttribute("aria-valuenow", String(found.decided));
  const part = (n) => String(found.all ? (100 * n) / found.all : 0);
  bar.querySelector(".kept").setAttribute("width", part(found.keep));
  bar.querySelector(".taken").setAttribute("x", part(found.keep));
  bar.querySelector(".taken").setAttribute("width", part(found.revoke));
  bar.querySelector(".changed").setAttribute("x", part(found.keep + found.revoke));
  bar.querySelector(".changed").setAttribute("width", part(found.change));
  byId("undo").disabled = !strokes.length;
  byId("save").classList.toggle("ready", !found.left && unsaved);
  return words;
}

function after(some) {
  unsaved = true;
  for (const item of some) mark(item);
  for (const group of new Set(some.map((item) => item.group))) if (group) markGroup(group);
  remember();
  return tellProgress();
}

function choose(item, decision, byKey) {
  if (decision === "change" && !item.orphan && !item.thing.choices.length) return say("There is no other role to change it to.");
  if (item.decision === decision && !byKey) clear(item);
  else decide([item], decision, "one");
  const words = after([item]);
  const found = rows.get(item);
  if (item.decision && missing(item)) {
    say(missing(item) + " " + words);
    (found.to && !item.changeTo ? found.to : found.reason).focus();
  } else {
    say((item.decision ? DECIDED[item.decision] : "Undecided") + ": " + title(item) + ". " + words);
    if (byKey) goOn();
  }
  return undefined;
}

function chooseAll(group, decision, byKey) {
  const open = group.items.filter((item) => !item.decision);
  // what takes a reason, or a name, is looked at one by one
  const some = decision === "keep" ? open.filter((item) => !item.needsReason && !item.orphan) : open;
  const left = open.length - some.length;
  if (some.length) decide(some, decision, "group");
  const words = some.length ? after(some) : "";
  const rest = left ? " " + count(left, "item needs", "items need") + " a reason, one by one." : "";
  say(count(some.length, "item") + " " + (decision === "keep" ? "kept" : "revoked") + "." + rest + " " + words);
  if (byKey) goOn();
}

function write(item, field, words) {
  item[field] = words;
  item.writes = true; // the field stays while somebody is in it
  if (item.decision) Object.assign(item, { at: new Date().toISOString(), how: item.how === "before" ? "one" : item.how });
  after([item]);
  if (field === "reason") learn();
}

// Reasons that were given are offered again.
let learning = 0;
function learn() {
  clearTimeout(learning);
  learning = setTimeout(() => {
    const given = new Set(items.map((item) => item.reason.trim()).filter((words) => words.length > 3));
    byId("reasons").replaceChildren(...Array.from(given).slice(-20).map((words) => make("option", { value: words })));
  }, 800);
}

function undo() {
  const some = takeBack();
  if (!some.length) return say("There is nothing to undo.");
  const words = after(some);
  const first = some.find((item) => item.group);
  if (first) stand(first, true);
  return say("Undone. " + words);
}

function toggle(item) {
  const found = rows.get(item);
  const opens = found.more.hidden;
  if (opens && !found.more.firstChild) found.more.append(drawDetails(item));
  found.more.hidden = !opens;
  found.opener.setAttribute("aria-expanded", String(opens));
  if (opens && !item.looked) {
    item.looked = true;
    remember();
  }
}

function reasonOf(item) {
  if (!item.decision) return say("Decide first: y to keep, n to revoke.");
  item.writes = true;
  mark(item);
  return rows.get(item).reason.focus();
}

function arrange(by) {
  mode = by;
  byId("by-person").setAttribute("aria-pressed", String(by === "person"));
  byId("by-app").setAttribute("aria-pressed", String(by === "app"));
  redraw();
  say("Grouped by " + by + ".");
}

function redraw() {
  const item = here && here.item;
  here = null;
  show();
  const first = order[0];
  if (item && item.group) stand(item, false);
  else if (first) stand(first, false);
}

function look() {
  byId("search").focus();
  byId("search").select();
}

const LETTERS = {
  j: () => move(1), k: () => move(-1), "]": () => moveGroup(1), "[": () => moveGroup(-1),
  J: () => moveGroup(1), K: () => moveGroup(-1),
  y: () => act("keep"), n: () => act("revoke"), c: () => act("change"),
  r: () => here && here.item && reasonOf(here.item),
  g: () => here && (here.group ? stand(here.group.items[0], true) : standAtHead(here.item.group, true)),
  b: () => arrange(mode === "person" ? "app" : "person"),
  u: undo, s: () => save(), "/": look, "?": () => openDialog("help"),
};
function act(decision) {
  if (!begun || !elementOf(here)) return move(1);
  if (here.item) return choose(here.item, decision, true);
  return decision === "change" ? undefined : chooseAll(here.group, decision, true);
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
  const target = event.target;
  const item = here && here.item;
  if (target.closest("input, select, textarea")) {
    const inRow = target.closest(".item");
    if (event.key === "Escape" && !inRow) { target.blur(); byId("search").value = ""; redraw(); move(1); move(-1); }
    else if (event.key === "Escape" && item) stand(item, true);
    else if (event.key === "Enter" && inRow && item) { if (decided(item)) { standOn(here, true); goOn(); } else say(missing(item)); }
    else return;
    event.preventDefault();
    return;
  }
  const onButton = target.closest("button, a, summary");
  if (event.key === "ArrowDown") move(1);
  else if (event.key === "ArrowUp") move(-1);
  else if ((event.key === " " || event.key === "Enter") && !onButton && item) toggle(item);
  else {
    // caps lock is no shift
    const key = event.shiftKey ? event.key : event.key.toLowerCase();
    if (!byId("keys-on").checked || !Object.hasOwn(LETTERS, key)) return;
    LETTERS[key]();
  }
  event.preventDefault();
}
