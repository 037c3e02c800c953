import { h } from './dom.js';

/**
 * A table. Each column has a heading, a cell, and how much room there must be for it: `from-medium` or `from-wide`.
 *
 * @template T
 * @param {{ caption: string, columns: { heading: string | Node, cell: (row: T) => unknown, room?: string, header?: boolean }[], rows: T[],
 *   rowClass?: (row: T) => string | undefined }} options
 */
export function table({ caption, columns, rows, rowClass }) {
  return h(
    'table',
    {},
    h('caption', { class: 'visually-hidden' }, caption),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        columns.map(({ heading, room }) => h('th', { scope: 'col', class: room }, heading)),
      ),
    ),
    h(
      'tbody',
      {},
      rows.map((row) =>
        h(
          'tr',
          { class: rowClass?.(row) },
          columns.map(({ cell, room, header }) =>
            h(header ? 'th' : 'td', { class: room, scope: header && 'row' }, cell(row)),
          ),
        ),
      ),
    ),
  );
}

/** What a list says when there is nothing in it, and what to do about it. */
export function empty(text, action) {
  return h('div', { class: 'empty' }, h('p', {}, text), action && h('p', {}, action));
}
