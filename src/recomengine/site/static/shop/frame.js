/** What every page has: the count beside the cart, and a line that says what just happened. */

import { count } from "./cart.js";

const STAYS_MS = 3000;

export function showCount() {
  const badge = document.getElementById("cart-count");
  badge.textContent = count();
  badge.hidden = count() === 0;
  document.getElementById("cart-unit").textContent = ["", "item"][count()] ?? "items";
}

let quietAgain = 0;

export function announce(text) {
  const news = document.getElementById("news");
  news.textContent = text;
  news.classList.add("shown");
  clearTimeout(quietAgain);
  quietAgain = setTimeout(() => news.classList.remove("shown"), STAYS_MS);
}
