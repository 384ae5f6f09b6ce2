/** The cart and the last order, kept in this browser, a cart for each shopper; where storage is forbidden, in memory. */

const memory = new Map();
const shopper = () => document.querySelector("#shopper")?.value ?? "";
const cartKey = () => `wayfern.cart.${shopper()}`;

/** A browser that forbids storage throws on access. */
function attempt(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

export const recall = (key) => memory.get(key) ?? attempt(() => localStorage.getItem(key));

export function keep(key, text) {
  memory.set(key, text);
  attempt(() => localStorage.setItem(key, text));
}

/** Lines: {productId, name, price, currency, imageUrl, url, quantity}. */
export function lines() {
  const found = attempt(() => JSON.parse(recall(cartKey()) ?? "[]"));
  return Array.isArray(found) ? found.filter((line) => line?.productId && line.quantity > 0) : [];
}

export const count = () => lines().reduce((sum, { quantity }) => sum + quantity, 0);
export const total = (some) => some.reduce((sum, { price, quantity }) => sum + price * quantity, 0);

export function money(amount, currency = "USD") {
  return new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency }).format(amount);
}

export function add(product, quantity) {
  const there = lines();
  const line = there.find(({ productId }) => productId === product.productId);
  if (line) line.quantity += quantity;
  else there.push({ ...product, quantity });
  keep(cartKey(), JSON.stringify(there));
}

/** How many more of it there are now; 0 of it takes the line away. */
export function set(productId, quantity) {
  const there = lines();
  const line = there.find((each) => each.productId === productId);
  const more = quantity - line.quantity;
  line.quantity = quantity;
  keep(cartKey(), JSON.stringify(there.filter((each) => each.quantity > 0)));
  return more;
}

/** Empties the cart into an order, which the thank-you page shows. */
export function order() {
  const orderId = `W${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`.toUpperCase();
  const made = { orderId, lines: lines() };
  keep("wayfern.order", JSON.stringify(made));
  keep(cartKey(), "[]");
  return made;
}

export const lastOrder = () => attempt(() => JSON.parse(recall("wayfern.order")));
