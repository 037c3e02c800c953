const SVG = 'http://www.w3.org/2000/svg';

/**
 * Makes an HTML element. Strings become text nodes: nothing on this page is ever parsed as HTML.
 *
 * @param {string} tag
 * @param {Record<string, unknown>} [attributes] `onclick` and the like take functions; false, null and undefined leave one out.
 * @param {...(Node | string | number | false | null | undefined | unknown[])} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}

/** Makes an SVG element, as `h` does. */
export function s(tag, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), attributes, children);
}

function furnish(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat(3).filter(isShown));
  return element;
}

function isShown(child) {
  return child !== undefined && child !== null && child !== false;
}

let lastId = 0;

/** An id that no other element of the page has. */
export function freshId() {
  lastId += 1;
  return `e${lastId}`;
}
