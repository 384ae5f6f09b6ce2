/** What a merchant's own script does: says what shoppers do, keeps the cart, and asks for what goes with it. */

import { startBehind } from "./behind.js";
import { add } from "./cart.js";
import { announce, showCount } from "./frame.js";
import { startCart, startCheckout, startThanks } from "./order.js";
import { engine } from "./sdk.js";

const main = document.getElementById("main");
const starts = { product: startProduct, search: startSearch, cart: startCart, checkout: startCheckout, thanks: startThanks };

function startProduct() {
  const product = JSON.parse(document.querySelector("[data-product]").dataset.product);
  const { productId, name, price, currency } = product;
  engine.track("view", { productId, price, currency });
  document.getElementById("buy").addEventListener("submit", (event) => {
    event.preventDefault();
    const quantity = Number(new FormData(event.target).get("quantity"));
    add(product, quantity);
    engine.track("add_to_cart", { productId, price, currency, quantity });
    showCount();
    announce(`${name} is in your cart.`);
  });
}

function startSearch() {
  const { query } = document.querySelector("[data-query]").dataset;
  if (query) engine.track("search", { query });
}

/** Another shopper, or a new visitor: what was known of the one before is forgotten first. */
function startSwitcher() {
  const select = document.getElementById("shopper");
  select.addEventListener("change", () => {
    document.cookie = `wayfern-shopper=${select.value}; path=/shop; samesite=lax; max-age=31536000`;
    engine.reset();
    location.reload();
  });
}

/** A list is sorted as soon as an order is chosen; the button is for those without JavaScript. */
function startSorting() {
  const form = document.querySelector(".sorting");
  if (!form) return;
  form.querySelector("button").hidden = true;
  form.addEventListener("change", () => form.submit());
}

startSwitcher();
startSorting();
startBehind();
showCount();
starts[main.dataset.page]?.();
