/**
 * Replaces what a container shows, and leaves whoever is at work there where they were: the focus (by id or `data-key`), the
 * details that were opened, and the columns that were scrolled.
 *
 * @param {HTMLElement} container
 * @param {Node[]} nodes
 */
export function redraw(container, nodes) {
  const focused = container.contains(document.activeElement) ? keyOf(document.activeElement) : undefined;
  const opened = [...container.querySelectorAll('details[data-key]')].filter(({ open }) => open).map(keyOf);
  const scrolled = [...container.querySelectorAll('.scroll[data-key]')].map((at) => [keyOf(at), at.scrollLeft]);
  container.replaceChildren(...nodes);
  for (const key of opened) byKey(container, key)?.setAttribute('open', '');
  for (const [key, left] of scrolled) byKey(container, key)?.scrollTo({ left, behavior: 'instant' });
  if (focused !== undefined) byKey(container, focused)?.focus({ preventScroll: true });
}

/** Gives the focus to what has taken the place of an element that is gone. One that is there keeps what it has. */
export function refocus(element) {
  if (element?.isConnected === false) byKey(document, keyOf(element))?.focus({ preventScroll: true });
}

/** Whether somebody is marking text in a container, which replacing it would undo. */
export function isBeingRead(container) {
  const selection = document.getSelection();
  return selection !== null && !selection.isCollapsed && container.contains(selection.anchorNode);
}

function keyOf(element) {
  return element.id || element.dataset.key || element.getAttribute('href') || undefined;
}

function byKey(container, key) {
  if (key === undefined) return undefined;
  const escaped = CSS.escape(key);
  return container.querySelector(`[id="${escaped}"], [data-key="${escaped}"], a[href="${escaped}"]`);
}
