// Small helpers for building elements without ever parsing text as markup.

/** An element with properties, and children (elements or text). */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'style') for (const [key, one] of Object.entries(value)) node.style.setProperty(key, one);
    else if (name === 'data') Object.assign(node.dataset, value);
    else if (name.startsWith('aria-') || name === 'role') node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children);
  return node;
}

/** The square with an expression's sign. */
export const badge = ({ name, colour, sign }) =>
  el('i', { className: name === 'unsure' ? 'ms-badge ms-doubt' : 'ms-badge', style: { '--c': colour }, 'aria-hidden': 'true' }, sign);

/** Change text only where it differs: screen readers and selections stay undisturbed. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export const percent = (share) => `${Math.round(share * 100)} %`;
