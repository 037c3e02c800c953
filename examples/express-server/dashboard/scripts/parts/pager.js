import { h } from './dom.js';
import { figure } from './text.js';

/** Where one is in a list that is read page by page: lists have cursors that lead on, so the way back is remembered here. */
export class Pages {
  #cursors = [undefined];

  /** The cursor of the page that is shown. */
  get cursor() {
    return this.#cursors.at(-1);
  }

  /**
   * The controls below a page.
   *
   * @param {{ items: unknown[], cursor?: string }} page
   * @param {{ size: number, reload: () => void }} options
   */
  controls({ items, cursor }, { size, reload }) {
    const depth = this.#cursors.length;
    if (depth === 1 && cursor === undefined) return undefined;
    const first = (depth - 1) * size + 1;
    const go = (change) => () => {
      change();
      reload();
    };
    return h(
      'nav',
      { class: 'pager', 'aria-label': 'Pages' },
      h('span', { class: 'soft small', role: 'status' }, `${figure(first)} to ${figure(first + items.length - 1)}`),
      h(
        'div',
        {},
        h(
          'button',
          { type: 'button', id: 'page-back', disabled: depth === 1, onclick: go(() => this.#cursors.pop()) },
          'Back',
        ),
        h(
          'button',
          {
            type: 'button',
            id: 'page-on',
            disabled: cursor === undefined,
            onclick: go(() => this.#cursors.push(cursor)),
          },
          'Next',
        ),
      ),
    );
  }
}
