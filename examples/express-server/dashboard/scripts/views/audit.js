import { get } from '../api.js';
import { h } from '../parts/dom.js';
import { eventSubject, eventWords, latestEvents } from '../parts/events.js';
import { faultBox } from '../parts/problem.js';
import { empty, table } from '../parts/table.js';
import { count, figure } from '../parts/text.js';
import { exactTime, now, relativeTime } from '../parts/time.js';

const SIZE = 25;

const FACTS = 4;
/** What the second column says. */
const SHOWN = new Set(['name', 'login', 'recordId']);

/** What is wrong with a log, in plain words. */
const PROBLEMS = {
  changed: 'changed after it was written',
  missing: 'missing',
  inserted: 'put in later',
  reordered: 'in another place than it was written at',
  truncated: 'cut off, with all that followed',
  fork: 'where another history begins than a signed checkpoint tells of',
  head: 'where the head of the log does not fit',
  checkpoint: 'with a checkpoint that the log’s key did not sign',
};

/** The log of what happened, newest first, and whether it is still as it was written. */
export function audit({ reload }) {
  const verification = new Verification(reload);
  let before;
  return {
    title: 'Audit',
    actions: () => [verification.button()],
    // Somebody who reads older entries is left alone.
    concerns: () => before === undefined,
    load: (signal) => latestEvents(SIZE, signal, before),
    draw({ items, first, size }) {
      const go = (to) => () => {
        before = to;
        return reload();
      };
      const end = before ?? size;
      const newer = end + SIZE >= size ? undefined : end + SIZE;
      return [
        verification.result(),
        h(
          'section',
          { class: 'panel', 'aria-label': 'Events' },
          items.length === 0 ? empty('Nothing has happened yet.') : list(items),
          size > SIZE &&
            h(
              'nav',
              { class: 'pager', 'aria-label': 'Pages' },
              h(
                'span',
                { class: 'soft small', role: 'status' },
                `${figure(first)} to ${figure(end - 1)} of ${figure(size)}`,
              ),
              h(
                'div',
                {},
                h(
                  'button',
                  { type: 'button', id: 'newer', disabled: before === undefined, onclick: go(newer) },
                  'Newer',
                ),
                h('button', { type: 'button', id: 'older', disabled: first === 0, onclick: go(first) }, 'Older'),
              ),
            ),
        ),
      ].filter(Boolean);
    },
  };
}

function list(items) {
  return table({
    caption: 'Events, newest first',
    rows: items,
    columns: [
      { heading: 'No.', room: 'from-medium', cell: ({ sequence }) => h('span', { class: 'soft' }, figure(sequence)) },
      {
        heading: 'What happened',
        header: true,
        cell: ({ event }) => [eventWords(event), h('span', { class: 'under' }, eventSubject(event))],
      },
      { heading: 'When', cell: ({ event }) => whenCell(event.time) },
      { heading: 'Facts', room: 'from-wide', cell: ({ event }) => factsOf(event) },
    ],
  });
}

/** Both, where there is room for both. */
function whenCell(time) {
  return [h('span', { class: 'from-medium' }, exactTime(time)), h('span', { class: 'under' }, relativeTime(time))];
}

/** What an event tells besides, as far as it fits: not what stands in the row already. */
function factsOf({ data = {}, subject }) {
  const told = Object.entries(data)
    .filter(
      ([, value]) => value !== '' && value !== subject && (typeof value === 'string' || typeof value === 'number'),
    )
    .filter(([key]) => !SHOWN.has(key))
    .slice(0, FACTS);
  return h(
    'ul',
    { class: 'inline soft small' },
    told.map(([key, value]) => h('li', {}, `${key}: ${value}`)),
  );
}

function problemLine({ kind, sequence, count: several = 1 }) {
  const which = several === 1 ? figure(sequence) : `${figure(sequence)} to ${figure(sequence + several - 1)}`;
  return `Event ${which}: ${PROBLEMS[kind] ?? kind}.`;
}

/** Has the server walk the chain of hashes, and keeps what came of it while the list below changes. */
class Verification {
  #reload;
  #state = {};

  constructor(reload) {
    this.#reload = reload;
  }

  button() {
    const { running } = this.#state;
    return h(
      'button',
      { type: 'button', class: 'primary', id: 'verify', disabled: running, onclick: () => this.#run() },
      running ? 'Verifying …' : 'Verify the log',
    );
  }

  result() {
    const { found, fault, at } = this.#state;
    if (fault) return faultBox(fault);
    if (!found) return undefined;
    const { valid, size, checkpoints, problems, forks = [], more } = found;
    if (valid) {
      return h(
        'section',
        { class: 'panel', role: 'status' },
        h('h2', {}, 'The log is as it was written'),
        h(
          'p',
          {},
          `${count(size, 'event')} and ${count(checkpoints, 'checkpoint')} fit together. `,
          h('span', { class: 'soft' }, 'Verified ', relativeTime(at), ', ', exactTime(at)),
        ),
      );
    }
    return h(
      'section',
      { class: 'fault-box', role: 'alert' },
      h('h2', {}, 'The log is not as it was written'),
      h(
        'ul',
        {},
        problems.map((problem) => h('li', {}, problemLine(problem))),
        forks.length > 0 && h('li', {}, `${count(forks.length, 'other history')} of it was seen.`),
        more && h('li', {}, 'There is more.'),
      ),
    );
  }

  async #run() {
    this.#state = { running: true };
    await this.#reload();
    try {
      this.#state = { found: await get('/events/verification'), at: now() };
    } catch (fault) {
      this.#state = { fault };
    }
    await this.#reload();
  }
}
