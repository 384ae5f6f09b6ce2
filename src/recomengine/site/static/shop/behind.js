/**
 * Behind the page: the events that leave it with what the server says of each, and why each product stands where it
 * does. All of it is what the SDK tells any page by `on`. The newest events stay listed over the tab's next pages.
 */

import { element } from "./elements.js";
import { engine } from "./sdk.js";

const KEPT = 40;
const OPEN = "wayfern.behind.open";
const SENT = "wayfern.behind.sent";
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });

const lists = new Map();
const names = new Map();
let sent = [];
let panel = null;

export function startBehind() {
  sent = JSON.parse(recall(SENT) ?? "[]");
  learnNames(Array.from(document.querySelectorAll("[data-product]"), ({ dataset }) => JSON.parse(dataset.product)));
  const toggle = document.getElementById("behind-toggle");
  toggle.addEventListener("click", () => setOpen(!panel));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey && event.key === ".") setOpen(!panel);
    if (event.key === "Escape" && panel?.contains(document.activeElement)) setOpen(false);
  });
  engine.on("event", keepEvent);
  engine.on("sent", keepReceipts);
  engine.on("render", keepList);
  if (recall(OPEN)) setOpen(true, false);
}

function learnNames(products) {
  for (const { productId, name } of products) names.set(productId, name);
}

/** As the page has it; of a product that is not on the page, `hip-flask` is Hip Flask, as ids here are made of names. */
const nameOf = (productId) =>
  names.get(productId) ?? productId.replace(/(^|-)(.)/g, (_, dash, letter) => (dash && " ") + letter.toUpperCase());

function recall(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function keep(key, text) {
  try {
    sessionStorage.setItem(key, text);
  } catch {
    /* What cannot be stored is shown on this page only. */
  }
}

function setOpen(open, moves = true) {
  const toggle = document.getElementById("behind-toggle");
  panel?.remove();
  panel = open ? makePanel() : null;
  if (panel) document.body.append(panel);
  document.body.classList.toggle("with-behind", open);
  toggle.setAttribute("aria-expanded", String(open));
  keep(OPEN, open ? "1" : "");
  show();
  if (moves) (panel?.querySelector("button") ?? toggle).focus();
}

function makePanel() {
  const close = element("button", { type: "button", ariaLabel: "Close", textContent: "×", onclick: () => setOpen(false) });
  return element(
    "aside",
    { className: "behind", id: "behind", ariaLabel: "Behind the page" },
    element("header", {}, element("h2", { textContent: "Behind the page" }), element("kbd", { textContent: "Ctrl + ." }), close),
    element("div", { className: "behind-body", tabIndex: 0, role: "group", ariaLabel: "Events and reasons" }),
  );
}

function show() {
  panel?.querySelector(".behind-body").replaceChildren(
    element("h3", { textContent: "Events leaving this page" }),
    sent.length ? element("ol", { className: "events" }, ...sent.map(eventRow)) : hint("None yet. Look at a product, or wait a second."),
    element("h3", { textContent: "Why these products" }),
    ...(lists.size ? Array.from(lists.values(), why) : [hint("No recommendations stand on this page.")]),
  );
}

const hint = (textContent) => element("p", { className: "behind-hint", textContent });

function keepEvent({ eventId, eventType, productId, metadata: { placementId, query } }) {
  const name = productId && nameOf(productId);
  sent.unshift({ eventId, eventType, name, placementId, query, at: Date.now(), status: "waiting" });
  sent.length = Math.min(sent.length, KEPT);
  changed();
}

/** A line of an order has no id of the browser's: it is known by what it is, and receipts come in the order of events. */
function keepReceipts(receipts) {
  for (const { eventId, status } of receipts) {
    const named = sent.find((event) => event.eventId === eventId);
    const event = named ?? sent.findLast((each) => !each.eventId && each.status === "waiting");
    if (event) event.status = status;
  }
  changed();
}

function keepList({ placementId, element: place, items, meta }) {
  learnNames(items);
  const title = place.querySelector("h2")?.textContent || placementId;
  if (items.length) lists.set(placementId, { items, meta, title });
  else lists.delete(placementId);
  show();
}

function changed() {
  keep(SENT, JSON.stringify(sent));
  show();
}

function eventRow({ eventType, name, placementId, query, at, status }) {
  const what = [name ?? (query && `“${query}”`), placementId && `in ${placementId}`];
  return element(
    "li",
    { className: "sent" },
    element("span", { className: "sent-type", textContent: eventType.replaceAll("_", " ") }),
    element("span", { className: "sent-what", textContent: [...what, TIME.format(at)].filter(Boolean).join(", ") }),
    element("span", { className: "receipt", textContent: status, dataset: { status } }),
  );
}

function why({ title, items, meta }) {
  const how = [meta.strategy.replaceAll("_", " "), meta.cached ? "from the cache" : "computed for this page", meta.variant];
  return element(
    "section",
    { className: "why" },
    element("h4", { textContent: title }),
    element("p", { textContent: how.filter(Boolean).join(", ") }),
    element("ol", {}, ...items.map(reasonRow)),
  );
}

function reasonRow({ name, reason, evidence }) {
  const { kind, productIds = [], count, lift } = evidence;
  const parts = [
    kind.replaceAll("_", " "),
    productIds.length && `from ${productIds.map(nameOf).join(", ")}`,
    count && `${count} times`,
    lift && `${lift.toFixed(1)} times as often as by chance`,
  ];
  return element(
    "li",
    {},
    element("strong", { textContent: name }),
    element("p", { className: "reason", textContent: reason }),
    element("p", { className: "evidence", textContent: parts.filter(Boolean).join(", ") }),
  );
}
