import { h } from './parts/dom.js';
import { faultBox } from './parts/problem.js';
import { isBeingRead, redraw } from './parts/redraw.js';
import { routeOf } from './routes.js';

/** Events come in bursts: a view is loaded again once a burst is over. */
const SETTLE_MS = 200;
/** A view that is there faster shows no sign of waiting. */
const PATIENCE_MS = 150;

/**
 * Shows one view at a time, and again whenever what it shows has changed.
 *
 * A view is made with `{ params, query, reload }` and has `title`, `load(signal)`, `draw(data)`; perhaps `crumb`, `actions`, and
 * `concerns(entry)`, which says whether an event changes it.
 */
export class Stage {
  #main;
  #onSignedOut;
  #view;
  #loading;
  #loaded;
  #timer;

  constructor(main, { onSignedOut }) {
    this.#main = main;
    this.#onSignedOut = onSignedOut;
  }

  /** Shows the view of a path. */
  async show(path, query) {
    const route = routeOf(path);
    const isFirst = this.#view === undefined;
    this.clear();
    if (route === undefined) return this.#lost(path);
    const view = route.view({ params: route.params, query, reload: () => this.reload() });
    this.#view = view;
    const patience = setTimeout(() => this.#waiting(view), PATIENCE_MS);
    await this.reload();
    clearTimeout(patience);
    // Somebody went on to another view meanwhile.
    if (this.#view !== view) return;
    window.scrollTo(0, 0);
    // Whoever navigates by keyboard or ear begins at the heading of where they are.
    if (!isFirst) this.#main.querySelector('h1')?.focus({ preventScroll: true });
    this.#main.dataset.shown = path;
  }

  /** Shows nothing any more. */
  clear() {
    clearTimeout(this.#timer);
    this.#loading?.abort();
    this.#view = undefined;
    delete this.#main.dataset.shown;
  }

  /** Tells the view of an event. */
  tell(entry) {
    if (!this.#view?.concerns?.(entry)) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#reloadUnlessRead(), SETTLE_MS);
  }

  /** Loads what is shown again. Only the last of several answers counts, and all who asked wait for it. */
  reload() {
    this.#loading?.abort();
    this.#loading = new AbortController();
    this.#loaded = this.#view === undefined ? undefined : this.#load(this.#view, this.#loading.signal);
    return this.#loaded;
  }

  async #load(view, signal) {
    this.#main.setAttribute('aria-busy', 'true');
    try {
      const data = await view.load(signal);
      if (signal.aborted) return this.#insteadOf(view);
      this.#draw(view, view.draw(data));
    } catch (error) {
      if (signal.aborted) return this.#insteadOf(view);
      if (error.status === 401) return this.#onSignedOut();
      this.#draw(view, [faultBox(error, () => this.reload())]);
    }
    this.#main.setAttribute('aria-busy', 'false');
  }

  /** The loading that has taken the place of an earlier one of the same view. */
  #insteadOf(view) {
    return this.#view === view ? this.#loaded : undefined;
  }

  #reloadUnlessRead() {
    if (!isBeingRead(this.#main)) return this.reload();
    this.#timer = setTimeout(() => this.#reloadUnlessRead(), 1_000);
  }

  #draw(view, nodes) {
    redraw(this.#main, [heading(view), h('div', { class: 'stack' }, nodes)]);
    document.title = `${titleOf(view)} · Chancery`;
  }

  #waiting(view) {
    if (this.#view !== view) return;
    const lines = Array.from({ length: 6 }, () => h('span'));
    const skeleton = h('div', { class: 'panel skeleton', role: 'status', 'aria-label': 'Loading' }, lines);
    this.#main.replaceChildren(heading(view), skeleton);
  }

  #lost(path) {
    const view = { title: 'There is no such view' };
    this.#draw(view, [h('p', {}, h('a', { href: '#/' }, 'Back to the beginning'))]);
    this.#main.setAttribute('aria-busy', 'false');
    this.#main.dataset.shown = path;
  }
}

const titleOf = ({ title }) => (typeof title === 'function' ? title() : title);

function heading(view) {
  return h(
    'div',
    { class: 'title' },
    h('div', {}, view.crumb && h('p', { class: 'crumb' }, view.crumb), h('h1', { tabindex: -1 }, titleOf(view))),
    view.actions && h('div', { class: 'actions' }, typeof view.actions === 'function' ? view.actions() : view.actions),
  );
}
