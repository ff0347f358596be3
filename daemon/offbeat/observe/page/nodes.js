// Nodes of the document: made, and kept as long as what they show is there.

export const $ = (id) => document.getElementById(id);

export const make = (tag, text, attributes = {}) => {
  const node = document.createElement(tag);
  if (text !== undefined && text !== null) node.textContent = text;
  for (const name in attributes) node.setAttribute(name, attributes[name]);
  return node;
};

export const write = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

/**
 * Show items as children of a node. A child whose key is still there is kept, with the focus if it has it:
 * what a person is at must not be pulled from under their hands every few seconds.
 *
 * @param parent whose children they are.
 * @param items what to show, in order.
 * @param key returns the key of an item, unique among them.
 * @param build returns a node for an item.
 * @param fill brings a node up to date.
 * @param heir gets the focus when the child that has it goes.
 */
export const show = (parent, items, key, build, fill, heir) => {
  const before = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  items.forEach((item, i) => {
    const name = String(key(item));
    const node = before.get(name) || build(item);
    before.delete(name);
    node.dataset.key = name;
    fill(node, item);
    if (parent.children[i] !== node) parent.insertBefore(node, parent.children[i] || null);
  });
  for (const node of before.values()) node.remove();
  if (focused && document.activeElement !== focused) (focused.isConnected ? focused : heir).focus({ preventScroll: true });
};
