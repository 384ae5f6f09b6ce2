/** The demo shop in the browser. It asks the public API for every row; what the API does not answer is left out. */

const API = "/api/v1";
const PATIENCE_MS = 4000;
const SEEN_MS = 1000;
const PAGE_SIZE = 24;

const main = document.getElementById("main");
const stored = (area, key) => attempt(() => area().getItem(`wayfern.${key}`));
const store = (area, key, value) => attempt(() => area().setItem(`wayfern.${key}`, value));
const local = () => localStorage;
const session = () => sessionStorage;

let shop = { key: "", shoppers: [], products: [], byId: new Map() };

/** A browser that forbids storage throws on access: the shop then forgets, and works. */
function attempt(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

function element(tag, properties = {}, ...children) {
  const { aria = {}, ...rest } = properties;
  const node = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(aria)) node.setAttribute(`aria-${name}`, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}

const money = (amount, currency = "USD") =>
  new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount);
const pageOf = (productId) => `/demo/products/${encodeURIComponent(productId)}`;
const pictureOf = (productId) => `/demo/pictures/${encodeURIComponent(productId)}.svg`;
const randomName = (kind) => `${kind}-${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;

// Who is shopping

let memory = {};

/** Kept for the tab even where the browser stores nothing. */
function remembered(area, key, make) {
  memory[key] ??= stored(area, key) ?? make();
  store(area, key, memory[key]);
  return memory[key];
}

// A first visit is a regular's, so that the shop shows at once what it knows of its shoppers.
const userId = () => remembered(local, "user", () => shop.shoppers[0]?.userId ?? randomName("visitor"));
const sessionId = () => remembered(session, "session", () => randomName("visit"));

function becomes(user) {
  store(local, "user", user);
  store(session, "session", randomName("visit"));
  location.reload();
}

function showSwitcher() {
  const select = document.getElementById("shopper");
  const known = shop.shoppers.map(({ userId: id, taste }) => new Option(`${taste} (${id})`, id));
  const current = userId();
  const visitor = !shop.shoppers.some(({ userId: id }) => id === current);
  select.replaceChildren(...known, new Option("New visitor", visitor ? current : "new"));
  if (visitor) select.append(new Option("Another new visitor", "new"));
  select.value = current;
  select.addEventListener("change", () => becomes(select.value === "new" ? randomName("visitor") : select.value));
}

// What the API is told and asked

function track(eventType, productId, metadata = {}) {
  const known = Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== null && value !== undefined));
  const event = { key: shop.key, eventType, userId: userId(), sessionId: sessionId(), productId, metadata: known };
  // text/plain: a cross-origin shop would send it without a preflight; keepalive: it outlives the page.
  const options = { method: "POST", headers: { "Content-Type": "text/plain" }, body: JSON.stringify(event), keepalive: true };
  fetch(`${API}/events`, options).catch(() => {});
}

async function recommend({ placementId, strategy = "auto", productIds = [], exclude = [], context }) {
  const query = new URLSearchParams({ userId: userId(), sessionId: sessionId(), placementId, strategy, limit: "8", key: shop.key });
  if (context) query.set("context", context);
  for (const productId of productIds) query.append("productId", productId);
  for (const productId of exclude) query.append("exclude", productId);
  const response = await fetch(`${API}/recommendations?${query}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Error(`recommendations: ${response.status}`);
  return response.json();
}

// Rows of cards

function card({ productId, name, price, currency, reason }) {
  return element(
    "a",
    { className: "card", href: pageOf(productId) },
    element("img", { src: pictureOf(productId), alt: "", width: 400, height: 400, loading: "lazy" }),
    element(
      "div",
      { className: "card-text" },
      element("h3", { textContent: name }),
      price === null || price === undefined ? null : element("p", { className: "price", textContent: money(price, currency) }),
      reason ? element("p", { className: "reason", textContent: reason }) : null,
    ),
  );
}

function row(title, request, answer = recommend(request)) {
  const waiting = Array.from({ length: 5 }, () => element("li", {}, element("div", { className: "skeleton" })));
  const shelf = element("ul", { className: "shelf", aria: { busy: "true" } }, ...waiting);
  const head = element("div", { className: "row-head" }, element("h2", { textContent: title }));
  const section = element("section", { className: "row", aria: { label: title } }, head, shelf);
  fill(section, head, shelf, request, answer).catch(() => (section.hidden = true));
  return section;
}

async function fill(section, head, shelf, request, answer) {
  const { data, meta } = await answer;
  if (data.length === 0) throw new Error("nothing to show");
  const shown = {
    placementId: request.placementId,
    recommendationId: meta.recommendationId,
    strategy: meta.strategy,
    experimentId: meta.experimentId,
    variant: meta.variant,
  };
  shelf.replaceChildren(...data.map((item) => element("li", {}, recommended(item, shown))));
  shelf.removeAttribute("aria-busy");
  if (meta.strategy) head.append(element("span", { className: "pill", textContent: meta.strategy.replaceAll("_", " ") }));
}

function recommended(item, shown) {
  const link = card(item);
  link.addEventListener("click", () => track("click", item.productId, shown));
  whenSeen(link, () => track("impression", item.productId, shown));
  return link;
}

/** Once, when half of the card has been in view for a second. */
function whenSeen(node, action) {
  let timer = 0;
  const observer = new IntersectionObserver(
    ([entry]) => {
      clearTimeout(timer);
      if (!entry.isIntersecting) return;
      timer = setTimeout(() => {
        observer.disconnect();
        action();
      }, SEEN_MS);
    },
    { threshold: 0.5 },
  );
  observer.observe(node);
}

// The cart, one for each shopper

const cartKey = () => `cart.${userId()}`;
const isLine = ([id, quantity]) => shop.byId.has(id) && Number.isInteger(quantity) && quantity > 0;

function cart() {
  const lines = attempt(() => JSON.parse(stored(local, cartKey()) ?? memory[cartKey()] ?? "[]"));
  return new Map(Array.isArray(lines) ? lines.filter((line) => Array.isArray(line) && isLine(line)) : []);
}

function keepCart(lines) {
  memory[cartKey()] = JSON.stringify([...lines]);
  store(local, cartKey(), memory[cartKey()]);
  showCount();
}

function showCount() {
  const count = [...cart().values()].reduce((sum, quantity) => sum + quantity, 0);
  const badge = document.getElementById("cart-count");
  badge.textContent = count;
  badge.hidden = count === 0;
}

function addToCart({ productId, name, price, currency }) {
  const lines = cart();
  lines.set(productId, (lines.get(productId) ?? 0) + 1);
  keepCart(lines);
  track("add_to_cart", productId, { price, currency, quantity: 1 });
  announce(`${name} is in your cart.`);
}

function removeFromCart(productId) {
  const lines = cart();
  lines.delete(productId);
  keepCart(lines);
  track("remove_from_cart", productId);
  show(cartPage());
  main.focus();
}

function checkOut() {
  const orderId = randomName("order");
  for (const [productId, quantity] of cart()) {
    const { price, currency } = shop.byId.get(productId);
    track("purchase", productId, { price, currency, quantity, orderId });
  }
  keepCart(new Map());
  show([empty("Thank you", "Your order is on its way, in the demo sense of the word."), homeRow()]);
  main.focus();
}

let quietAgain = 0;

function announce(text) {
  const news = document.getElementById("news");
  news.textContent = text;
  news.classList.add("shown");
  clearTimeout(quietAgain);
  quietAgain = setTimeout(() => news.classList.remove("shown"), 2600);
}

// Pages

const show = (parts) => main.replaceChildren(...parts.filter(Boolean));
const HOME = { placementId: "home", context: "home" };
const homeRow = (answer) => row("Recommended for you", HOME, answer);
const departmentOf = ({ category }) => category.split(" > ")[0];

function empty(title, text) {
  const onward = element("a", { className: "button", href: "/demo/", textContent: "Look around the shop" });
  return element("div", { className: "empty" }, element("h1", { textContent: title }), element("p", { textContent: text }), onward);
}

function homePage() {
  const home = recommend(HOME);
  const trending = { placementId: "trending", strategy: "trending", context: "home" };
  const below = home.then(({ data }) => data.map(({ productId }) => productId), () => []).then((exclude) => recommend({ ...trending, exclude }));
  return [hero(), homeRow(home), row("Trending now", trending, below), browse()];
}

function hero() {
  const step = Math.floor(shop.products.length / 6);
  const pictures = [0, 1, 2, 3, 4, 5].map((place) => pictureOf(shop.products[place * step].productId));
  return element(
    "section",
    { className: "hero" },
    element(
      "div",
      {},
      element("h1", { textContent: "Good things for outside, and for coming home" }),
      element("p", { textContent: "Tents, boots and trowels. Kettles, blankets and lamps. Made well and meant to last." }),
      element("a", { className: "button", href: "#browse", textContent: "Browse the shop" }),
    ),
    element("div", { className: "hero-pictures", aria: { hidden: "true" } }, ...pictures.map((src) => element("img", { src, alt: "" }))),
  );
}

function browse() {
  const grid = element("ul", { className: "grid" });
  const more = element("button", { className: "button quiet", type: "button", textContent: "Show more" });
  const chips = ["Everything", ...new Set(shop.products.map(departmentOf))].map((name) =>
    element("button", { type: "button", textContent: name, onclick: () => choose(name) }),
  );
  let left = [];
  const next = () => {
    grid.append(...left.splice(0, PAGE_SIZE).map((product) => element("li", {}, card(product))));
    more.hidden = left.length === 0;
  };
  const choose = (name) => {
    for (const chip of chips) chip.setAttribute("aria-pressed", String(chip.textContent === name));
    left = shop.products.filter((product) => name === "Everything" || departmentOf(product) === name);
    grid.replaceChildren();
    next();
  };
  more.addEventListener("click", next);
  choose("Everything");
  const departments = element("div", { className: "chips", role: "group", aria: { label: "Departments" } }, ...chips);
  const head = element("div", { className: "row-head" }, element("h2", { textContent: "The whole shop" }));
  return element("section", { className: "row", id: "browse", aria: { label: "The whole shop" } }, head, departments, grid, element("div", { className: "more" }, more));
}

function productPage(productId) {
  const product = shop.byId.get(productId);
  if (!product) return [empty("Not on our shelves", "There is no such product here, or not any more."), homeRow()];
  document.title = `${product.name} at Wayfern`;
  track("view", productId, { price: product.price, currency: product.currency });
  const productIds = [productId];
  return [
    element("nav", { className: "crumbs", aria: { label: "Department" } }, element("a", { href: "/demo/", textContent: "Shop" }), ` / ${product.category.replace(" > ", " / ")}`),
    detail(product),
    row("Bought together", { placementId: "product", strategy: "frequently_bought_together", productIds, context: "product" }),
    row("Similar", { placementId: "similar", strategy: "content_based", productIds, context: "product" }),
  ];
}

function detail(product) {
  const { productId, name, brand, price, currency, description, attributes = {} } = product;
  const facts = Object.entries(attributes).flatMap(([term, fact]) => [
    element("dt", { textContent: term[0].toUpperCase() + term.slice(1) }),
    element("dd", { textContent: fact }),
  ]);
  const text = element(
    "div",
    {},
    element("p", { className: "maker", textContent: brand ?? "" }),
    element("h1", { textContent: name }),
    element("p", { className: "price", textContent: money(price, currency) }),
    element("p", { className: "about", textContent: description ?? "" }),
    element("dl", { className: "facts" }, ...facts),
    element("button", { className: "button", type: "button", textContent: "Add to cart", onclick: () => addToCart(product) }),
  );
  return element("article", { className: "detail" }, element("img", { src: pictureOf(productId), alt: name, width: 400, height: 400 }), text);
}

function cartPage() {
  document.title = "Your cart at Wayfern";
  const lines = [...cart()];
  if (lines.length === 0) return [empty("Your cart is empty", "That is easily put right."), homeRow()];
  const total = lines.reduce((sum, [productId, quantity]) => sum + shop.byId.get(productId).price * quantity, 0);
  return [
    element("h1", { textContent: "Your cart" }),
    element("ul", { className: "lines" }, ...lines.map(cartLine)),
    element(
      "p",
      { className: "total" },
      element("span", {}, "Total ", element("strong", { textContent: money(total) })),
      element("button", { className: "button", type: "button", textContent: "Place the order", onclick: checkOut }),
    ),
    row("Goes with your cart", { placementId: "cart", productIds: lines.map(([productId]) => productId), context: "cart" }),
  ];
}

function cartLine([productId, quantity]) {
  const { name, price, currency } = shop.byId.get(productId);
  const remove = { type: "button", textContent: "Remove", aria: { label: `Remove ${name}` }, onclick: () => removeFromCart(productId) };
  return element(
    "li",
    { className: "line" },
    element("img", { src: pictureOf(productId), alt: "", width: 84, height: 84 }),
    element("div", {}, element("a", { href: pageOf(productId) }, element("h3", { textContent: name })), element("p", { className: "price", textContent: `${quantity} × ${money(price, currency)}` })),
    element("strong", { textContent: money(price * quantity, currency) }),
    element("button", remove),
  );
}

function page(path) {
  const product = /^\/demo\/products\/([^/]+)\/?$/.exec(path);
  if (product) return productPage(attempt(() => decodeURIComponent(product[1])) ?? product[1]);
  return path.startsWith("/demo/cart") ? cartPage() : homePage();
}

async function open() {
  const response = await fetch("/demo/config.json");
  if (!response.ok) throw new Error(`config: ${response.status}`);
  const config = await response.json();
  shop = { shoppers: [], ...config, byId: new Map(config.products.map((product) => [product.productId, product])) };
  showSwitcher();
  showCount();
  show(page(location.pathname));
}

open().catch(() => show([empty("The shop is shut for a moment", "It could not be reached. Try again shortly.")]));
