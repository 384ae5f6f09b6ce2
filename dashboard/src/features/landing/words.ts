export const CLAIMS = [
  {
    title: 'A new event counts in the next request',
    body: 'What a shopper has just looked at changes their next list, without another build of the model.',
  },
  {
    title: 'Each product says why it is there',
    body: '“Bought together with Leather hiking boots”: a reason to show, and the products it rests on.',
  },
  {
    title: 'Weights are learned, then tested',
    body: 'Each build compares strategies on events held back, and uses the blend only where it does better.',
  },
  {
    title: 'What lists earn is counted',
    body: 'Impressions, clicks, orders and returns are attributed to the list that showed the product; experiments say when to ship or to stop.',
  },
  {
    title: 'On any page',
    body: 'One script of 5 kB shows widgets and tracks what comes of them; a server calls the same API by itself.',
  },
  {
    title: 'Shops are kept apart',
    body: 'Each tenant has keys and a model of its own, and PostgreSQL’s row-level security between it and the others.',
  },
]

/** Of the README's table of benchmarks; a test holds them to it. */
export const FIGURES = [
  { value: '2.8 ms', about: 'p95 of a recommendation, at 500 a second' },
  { value: '5.1 ms', about: 'p95 of an event at 500 a second, on disk when it is answered' },
  { value: '39,755/s', about: 'events imported, of a file of a million' },
]
