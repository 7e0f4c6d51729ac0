// Copyright: the Rollcall contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// What was decided survives a reload: kept in this browser, where it lets a page keep something.
const PLACE = "rollcall:" + data.file;

// A page in a frame without rights, or from a mail program, may be refused so much as the question.
const memory = (function () {
  try {
    const store = window.localStorage;
    const before = store.getItem(PLACE);
    store.setItem(PLACE, before === null ? "" : before);
    return store;
  } catch {
    return null;
  }
})();
let forgets = memory === null;
let openedAt = new Date().toISOString();
let unsaved = false; // decided since the last file

function snapshot() {
  const found = {};
  for (const item of items) {
    if (item.how !== "before" && (item.decision || item.reason || item.looked || item.before)) found[item.id] = { shown: item.shown, ...state(item), looked: item.looked };
  }
  return { openedAt, unsaved, items: found };
}

function remember() {
  if (forgets) return;
  try {
    memory.setItem(PLACE, JSON.stringify(snapshot()));
  } catch { // it is full, or was switched off meanwhile
    forgets = true;
    tellOfMemory();
  }
}

function tellOfMemory() {
  const notice = byId("notice");
  notice.textContent = "This browser keeps nothing for this page. Save before you close it or load it again.";
  notice.hidden = false;
}

const text = (value, other) => (typeof value === "string" ? value : other);

// Take what was kept, as far as it is about what the page shows now.
function restore(found) {
  if (!found || typeof found !== "object" || !found.items || typeof found.items !== "object") return 0;
  let taken = 0;
  for (const [id, kept] of Object.entries(found.items)) {
    const item = itemById.get(id);
    if (!item || !kept || kept.shown !== item.shown || kept.how === "before") continue;
    const decision = Object.hasOwn(WORDS, kept.decision) ? kept.decision : "";
    Object.assign(item, {
      decision, changeTo: text(kept.changeTo, ""), reason: text(kept.reason, ""),
      at: decision ? text(kept.at, "") || new Date().toISOString() : "", how: kept.how === "group" ? "group" : "one",
      looked: kept.looked === true,
    });
    taken += decision ? 1 : 0;
  }
  if (Date.parse(text(found.openedAt, "")) < Date.parse(openedAt)) openedAt = found.openedAt;
  unsaved = found.unsaved === true;
  return taken;
}

function recall() {
  // what the ledger has: shown as decided, to be changed if need be
  for (const item of items) {
    if (item.before) Object.assign(item, item.before, { at: data.made, how: "before" });
  }
  if (forgets) return tellOfMemory();
  try {
    restore(JSON.parse(memory.getItem(PLACE) || "null"));
  } catch {
    // what is there is not ours, or half of it: the page begins anew
    memory.removeItem(PLACE);
  }
}

addEventListener("beforeunload", (event) => {
  if (forgets && unsaved) event.preventDefault();
});
