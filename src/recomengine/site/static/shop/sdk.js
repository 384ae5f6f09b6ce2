/** The SDK as this shop calls it. What is called before it is there waits in the queue that it empties. */

const FUNCTIONS = ["on", "render", "reset", "track"];

window.RecomEngine ??= { q: [] };

function call(name, given) {
  const there = window.RecomEngine;
  if (there[name]) there[name](...given);
  else there.q.push([name, ...given]);
}

export const engine = Object.fromEntries(FUNCTIONS.map((name) => [name, (...given) => call(name, given)]));
