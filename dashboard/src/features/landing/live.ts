/** The landing page's sample: lists of the shop that stands beside it, asked of the public API. */
interface Product {
  productId: string
  name: string
  imageUrl?: string
  price?: number
  currency?: string
  reason: string
}

const CHOICES = 6
const LISTS = [
  { title: 'Bought together', strategy: 'frequently_bought_together' },
  { title: 'Similar', strategy: 'content_based' },
  { title: 'All evidence together', strategy: 'auto' },
]

const section = document.getElementById('live')
const key = section?.dataset.key
const choices = document.getElementById('live-choices')
const lists = document.getElementById('live-lists')
if (key && choices !== null && lists !== null) void start(key, choices, lists)

async function start(key: string, choices: HTMLElement, lists: HTMLElement): Promise<void> {
  const products = await ask(key, { strategy: 'trending', limit: String(CHOICES) })
  if (products === null) return say(lists, 'The sample shop does not answer at the moment.')
  const buttons = products.map((product) => choice(product))
  const choose = async (at: number) => {
    buttons.forEach((button, index) => button.setAttribute('aria-pressed', String(index === at)))
    const product = products[at]
    if (product !== undefined) await show(key, product, lists)
  }
  buttons.forEach((button, index) => button.addEventListener('click', () => void choose(index)))
  choices.replaceChildren(...buttons)
  await choose(0)
}

async function show(key: string, product: Product, lists: HTMLElement): Promise<void> {
  const began = performance.now()
  const found = await Promise.all(
    LISTS.map(({ strategy }) => ask(key, { productId: product.productId, strategy, limit: '4' })),
  )
  const took = Math.round(performance.now() - began)
  const columns = made('div', 'grid gap-x-8 gap-y-6 md:grid-cols-3')
  LISTS.forEach(({ title }, index) => columns.append(column(title, found[index] ?? [])))
  const note = made(
    'p',
    'pt-4 text-sm text-muted',
    `Three lists for ${product.name}, ${took} ms from this page to the server and back.`,
  )
  lists.replaceChildren(columns, note)
}

async function ask(key: string, query: Record<string, string>): Promise<Product[] | null> {
  try {
    const asked = new URLSearchParams({ placementId: 'landing', ...query })
    const answer = await fetch(`/api/v1/recommendations?${asked}`, {
      headers: { Authorization: `Bearer ${key}` },
    })
    return answer.ok ? ((await answer.json()) as { data: Product[] }).data : null
  } catch {
    return null // not reached: the page says so in place of the lists
  }
}

function choice(product: Product): HTMLButtonElement {
  const button = made(
    'button',
    'flex w-24 shrink-0 flex-col gap-1 rounded-md border border-transparent p-1 text-left text-sm hover:bg-sunken aria-pressed:border-accent',
  )
  button.type = 'button'
  button.append(
    ...picture(product, 'aspect-square w-full rounded object-cover'),
    made('span', 'line-clamp-2', product.name),
  )
  return button
}

function column(title: string, products: Product[]): HTMLElement {
  const part = made('div', '')
  part.append(made('h3', 'pb-2 font-semibold', title))
  const list = made('ol', 'flex flex-col')
  for (const product of products) {
    const line = made('li', 'flex items-center gap-3 border-t border-line py-2')
    const words = made('span', 'min-w-0 flex-1')
    words.append(
      made('span', 'block truncate', product.name),
      made('span', 'block truncate text-sm text-muted', product.reason),
    )
    line.append(...picture(product, 'size-10 rounded object-cover'), words)
    list.append(line)
  }
  part.append(products.length > 0 ? list : made('p', 'text-muted', 'Nothing to show for this product.'))
  return part
}

function picture(product: Product, look: string): HTMLElement[] {
  if (product.imageUrl === undefined) return []
  const image = made('img', look)
  image.src = product.imageUrl
  image.alt = ''
  image.width = image.height = 96
  return [image]
}

function made<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  look: string,
  text = '',
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  element.className = look
  element.textContent = text
  return element
}

function say(place: HTMLElement, text: string): void {
  place.replaceChildren(made('p', 'text-muted', text))
}
