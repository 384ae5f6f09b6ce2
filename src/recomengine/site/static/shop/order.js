/** The cart, the checkout and the thank-you page. */

import { lastOrder, lines, money, order, set, total } from "./cart.js";
import { announce, showCount } from "./frame.js";
import { engine } from "./sdk.js";

const MOST = 9;
const byId = (id) => document.getElementById(id);

function showTotal(some) {
  for (const place of document.querySelectorAll("[data-total]")) place.textContent = money(total(some));
}

/** One of the two is there: what the page is for, or that the cart is empty. */
function showEither(full, some) {
  full.hidden = some.length === 0;
  byId("empty").hidden = some.length > 0;
}

export function startCart() {
  showCart();
  byId("main").addEventListener("change", ({ target }) => change(target.dataset.line, Number(target.value)));
  byId("lines").addEventListener("click", ({ target }) => target.matches("button") && change(target.dataset.line, 0));
}

function showCart() {
  const some = lines();
  showEither(byId("full"), some);
  byId("lines").replaceChildren(...some.map(lineOf));
  showTotal(some);
  const productIds = some.map(({ productId }) => productId);
  const asked = some.length ? { context: "cart" } : { context: "home", title: "Perhaps one of these" };
  engine.render(byId("cart-placement"), { placementId: "cart", productIds, ...asked });
}

function lineOf({ productId, name, price, currency, imageUrl, url, quantity }) {
  const line = byId("line").content.cloneNode(true);
  const find = (selector) => line.querySelector(selector);
  find("img").src = imageUrl;
  Object.assign(find("a"), { href: url, textContent: name });
  find(".line-each").textContent = `${money(price, currency)} each`;
  find(".unseen").textContent = `Quantity of ${name}`;
  const counts = Array.from({ length: Math.max(MOST, quantity) }, (_, at) => new Option(at + 1, at + 1));
  const select = find("select");
  select.append(...counts);
  select.value = quantity;
  find(".line-total").textContent = money(price * quantity, currency);
  find("button").setAttribute("aria-label", `Remove ${name}`);
  select.dataset.line = find("button").dataset.line = productId;
  return line;
}

function change(productId, quantity) {
  const line = lines().find((each) => each.productId === productId);
  if (!line) return;
  const more = set(productId, quantity);
  const told = { productId, price: line.price, currency: line.currency, quantity: Math.abs(more) };
  engine.track(more > 0 ? "add_to_cart" : "remove_from_cart", told);
  showCart();
  showCount();
  announce(quantity ? `${line.name}: ${quantity}.` : `${line.name} is no longer in your cart.`);
  if (!quantity) byId("main").focus();
}

function showLines(some) {
  byId("order-lines").replaceChildren(
    ...some.map((line) => {
      const row = document.createElement("li");
      const [what, sum] = [document.createElement("span"), document.createElement("span")];
      what.textContent = line.quantity > 1 ? `${line.quantity} × ${line.name}` : line.name;
      sum.textContent = money(line.price * line.quantity, line.currency);
      row.append(what, sum);
      return row;
    }),
  );
  showTotal(some);
}

export function startCheckout() {
  const some = lines();
  showEither(byId("checkout"), some);
  showLines(some);
  byId("checkout").addEventListener("submit", (event) => {
    event.preventDefault();
    const { orderId, lines: bought } = order();
    for (const { productId, price, currency, quantity } of bought) {
      engine.track("purchase", { productId, price, currency, quantity, orderId });
    }
    location.assign("/shop/thank-you");
  });
}

/** The list leaves out what was just bought, of which the server may not know yet. */
export function startThanks() {
  const made = lastOrder();
  const some = made?.lines ?? [];
  const exclude = some.map(({ productId }) => productId);
  engine.render(byId("thanks-placement"), { placementId: "thanks", exclude });
  showEither(byId("thanks"), some);
  if (!some.length) return;
  byId("order-id").textContent = made.orderId;
  showLines(some);
}
