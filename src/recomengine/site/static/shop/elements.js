/** An element with its properties and children; `dataset` is filled in. */
export function element(tag, { dataset = {}, ...properties }, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  Object.assign(made.dataset, dataset);
  made.append(...children);
  return made;
}
