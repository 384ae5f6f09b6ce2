/** An element with its properties and children; `dataset` is filled in. */
export function element(tag, { dataset = {}, ...properties }, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  Object.assign(made.dataset, dataset);
  made.append(...children);
  return made;
}

/** `hip-flask` is Hip Flask: ids of this shop are made of names. */
export const nameOf = (productId) =>
  productId.replace(/(^|-)(.)/g, (_, dash, letter) => (dash && " ") + letter.toUpperCase());
