import { freshId, h, s } from '../parts/dom.js';
import { shape } from '../parts/state.js';
import { count } from '../parts/text.js';
import { duration } from '../parts/time.js';

const HEIGHT = 190;
/** Room above the columns, for the columns, and for the renewals below the axis. */
const TOP = 26;
const BASE = 136;
const RENEWALS = 26;
const MARGIN = 2;
/** Below this width, in pixels, there are half as many columns. */
const NARROW = 520;
/** Up to so many in a column each certificate is a mark of its own. */
const MARKS = 9;

/** From the bottom of a column to its top. `shape` is what its marks look like when there are few of them. */
const SERIES = [
  { name: 'renewing', word: 'renewed in time', icon: 'valid' },
  { name: 'ending', word: 'not renewed', icon: 'ending' },
  { name: 'expired', word: 'expired', icon: 'expired' },
  { name: 'revoked', word: 'revoked', icon: 'revoked' },
];

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LABELS = [
  [-30 * DAY, '30 d ago'],
  [-DAY, '1 d ago'],
  [0, 'now'],
  [HOUR, '1 h'],
  [DAY, '1 d'],
  [7 * DAY, '7 d'],
  [30 * DAY, '30 d'],
  [90 * DAY, '90 d'],
  [365 * DAY, '1 y'],
];

/**
 * When certificates end, from last month to next year, and when they are renewed. A column is an hour near the present and a month far from it, so that
 * both have room. The arrow keys walk along it; the same figures are there as a table.
 */
export class Timeline {
  #figures = [];
  #selected;
  #width = 0;
  #svg = s('svg', { role: 'img', 'aria-labelledby': 'timeline-title' });
  #plot;
  #readout = h('p', { class: 'readout soft', 'aria-live': 'polite' });
  #table = h('details', { 'data-key': 'timeline-table' });
  heading = h('h2', { id: 'timeline-title' }, 'When certificates end');
  element;

  constructor() {
    const id = freshId();
    this.#plot = h(
      'div',
      {
        class: 'plot',
        'data-key': 'timeline',
        tabindex: 0,
        role: 'group',
        'aria-labelledby': 'timeline-title',
        'aria-describedby': id,
        onkeydown: (event) => this.#walk(event),
        onpointermove: (event) => this.#point(event),
        onclick: (event) => this.#point(event),
      },
      this.#svg,
    );
    this.#readout.id = id;
    this.element = h('div', {}, legend(), this.#plot, this.#readout, this.#table);
    new ResizeObserver(([entry]) => this.#resize(entry.contentRect.width)).observe(this.#plot);
  }

  /** As many columns as there is room for. */
  get #columns() {
    return this.#width < NARROW ? inPairs(this.#figures) : this.#figures;
  }

  /** Takes other figures: `{ at, timeline: [{ from, to, renewing, ending, expired, revoked, renewals }] }`, milliseconds from `at`. */
  update({ timeline }) {
    this.#figures = timeline;
    this.#table.replaceChildren(h('summary', {}, 'As a table'), asTable(timeline));
    this.#draw();
  }

  #resize(width) {
    if (Math.abs(width - this.#width) < 1 || width === 0) return;
    if (width < NARROW !== this.#width < NARROW) this.#selected = undefined;
    this.#width = width;
    this.#draw();
  }

  #draw() {
    this.#readout.textContent =
      this.#selected === undefined ? hint(this.#columns) : tell(this.#columns[this.#selected]);
    if (this.#width === 0) return;
    const [columns, width] = [this.#columns, this.#width];
    const step = (width - 2 * MARGIN) / columns.length;
    const x = (at) => MARGIN + position(columns, at) * step;
    this.#svg.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    this.#svg.replaceChildren(
      hatches(),
      this.#selected === undefined ? s('g') : here(this.#selected, step),
      ...ticks(columns, x, width),
      ...columns.map((column, index) => bar(column, { left: MARGIN + index * step, step, ...scales(columns, step) })),
      s('line', { class: 'axis', x1: 0, x2: width, y1: BASE + 0.5, y2: BASE + 0.5 }),
      s('line', { class: 'now', x1: x(0), x2: x(0), y1: TOP - 6, y2: BASE + RENEWALS }),
    );
  }

  #walk(event) {
    const last = this.#columns.length - 1;
    const start = this.#columns.findIndex(({ from }) => from >= 0);
    const at = this.#selected;
    const moves = { ArrowLeft: (at ?? start) - 1, ArrowRight: at === undefined ? start : at + 1, Home: 0, End: last };
    if (event.key === 'Escape') return this.#select(undefined);
    const next = moves[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.#select(Math.min(last, Math.max(0, next)));
  }

  #point(event) {
    const { left } = this.#plot.getBoundingClientRect();
    const step = (this.#width - 2 * MARGIN) / this.#columns.length;
    const index = Math.floor((event.clientX - left - MARGIN) / step);
    this.#select(Math.min(this.#columns.length - 1, Math.max(0, index)));
  }

  #select(index) {
    if (index === this.#selected) return;
    this.#selected = index;
    this.#draw();
  }
}

/** Half as many columns, with a border at the present as before. */
function inPairs(columns) {
  const present = columns.findIndex(({ from }) => from >= 0);
  const pairs = [];
  for (const [index, column] of columns.entries()) {
    const before = pairs.at(-1);
    if ((index - present) % 2 === 0 || before === undefined) {
      pairs.push({ ...column });
      continue;
    }
    before.to = column.to;
    for (const { name } of [...SERIES, { name: 'renewals' }]) before[name] += column[name];
  }
  return pairs;
}

const totalOf = (column) => SERIES.reduce((sum, { name }) => sum + column[name], 0);

/** How tall things are: marks while all columns are low, else bars in proportion, none too low to be seen. */
function scales(columns, step) {
  const tallest = Math.max(1, ...columns.map(totalOf));
  const mostRenewals = Math.max(1, ...columns.map(({ renewals }) => renewals));
  const radius = Math.min(5, (step - 2) / 2);
  return {
    radius: tallest <= MARKS && radius >= 2 ? radius : undefined,
    height: (number) => (number === 0 ? 0 : Math.max(3, (number / tallest) * (BASE - TOP))),
    depth: (number) => (number === 0 ? 0 : Math.max(4, (number / mostRenewals) * RENEWALS)),
  };
}

function bar(column, { left, step, radius, height, depth }) {
  const group = s('g');
  const [x, width] = [left + 1, Math.max(1, step - 2)];
  let y = BASE;
  for (const { name } of SERIES) {
    if (radius !== undefined) {
      for (let mark = 0; mark < column[name]; mark++) {
        y -= 2 * radius + 2;
        group.append(markShape(name, left + step / 2, y + radius + 1, radius));
      }
      continue;
    }
    const tall = height(column[name]);
    y -= tall;
    if (tall > 0)
      group.append(s('rect', { class: `mark-${name} ${FILLS[name]}`, x, y, width, height: tall, ...fill(name) }));
  }
  const deep = depth(column.renewals);
  if (deep > 0)
    group.append(
      s('rect', {
        class: 'mark-renewals',
        x: x + width / 2 - 1.5,
        y: BASE + 2,
        width: 3,
        height: deep,
        stroke: 'none',
      }),
    );
  return group;
}

const FILLS = { renewing: 'solid', ending: 'hatched', expired: 'hollow', revoked: 'crossed' };
const fill = (name) => ({ ending: { fill: 'url(#hatch)' }, revoked: { fill: 'url(#cross)' } })[name] ?? {};

function markShape(name, x, y, radius) {
  const r = radius;
  const attributes = { class: `mark-${name}` };
  if (name === 'renewing') return s('circle', { ...attributes, cx: x, cy: y, r, stroke: 'none' });
  if (name === 'ending')
    return s('path', { ...attributes, d: `M${x} ${y - r}l${r} ${r}-${r} ${r}-${r}-${r}z`, stroke: 'none' });
  if (name === 'expired')
    return s('circle', { class: 'mark-expired hollow', cx: x, cy: y, r: r - 1, 'stroke-width': 1.75 });
  const a = r - 0.75;
  return s('path', {
    ...attributes,
    d: `M${x - a} ${y - a}l${2 * a} ${2 * a}m0-${2 * a}l-${2 * a} ${2 * a}`,
    'stroke-width': 2,
  });
}

function hatches() {
  const pattern = (id, color, d) =>
    s(
      'pattern',
      { id, width: 5, height: 5, patternUnits: 'userSpaceOnUse' },
      s('path', { class: color, d, 'stroke-width': 1.5 }),
    );
  return s(
    'defs',
    {},
    pattern('hatch', 'mark-ending', 'M-1 6 6-1'),
    pattern('cross', 'mark-revoked', 'M0 0 5 5M0 5 5 0'),
  );
}

function here(index, step) {
  return s('rect', { class: 'here', x: MARGIN + index * step, y: 0, width: step, height: BASE + RENEWALS + 2 });
}

/** As many labels as there is room for, the present before all others. */
function ticks(columns, x, width) {
  const [{ from }, { to }] = [columns[0], columns.at(-1)];
  const taken = [];
  const fits = (at) => taken.every((other) => Math.abs(other - at) > 46);
  const known = LABELS.filter(([at]) => at >= from && at <= to);
  const order = [...known].sort(([a], [b]) => Math.sign(Math.abs(a)) - Math.sign(Math.abs(b)) || b - a);
  return order.flatMap(([at, text]) => {
    const middle = x(at);
    if (!fits(middle)) return [];
    taken.push(middle);
    const anchor = middle < 28 ? 'start' : middle > width - 28 ? 'end' : 'middle';
    return [
      s('line', { class: 'grid', x1: middle, x2: middle, y1: TOP - 6, y2: BASE + RENEWALS }),
      s(
        'text',
        { x: anchor === 'middle' ? middle : anchor === 'start' ? 0 : width, y: HEIGHT - 6, 'text-anchor': anchor },
        text,
      ),
    ];
  });
}

/** Where an instant lies, in columns from the left. */
function position(columns, at) {
  const index = columns.findIndex(({ to }) => at < to);
  if (index === -1) return columns.length;
  const { from, to } = columns[index];
  return index + Math.max(0, (at - from) / (to - from));
}

function legend() {
  return h(
    'ul',
    { class: 'legend' },
    SERIES.map(({ name, word, icon }) => h('li', {}, h('span', { class: `mark-${name}` }, shape(icon)), word)),
    h(
      'li',
      {},
      h(
        'span',
        { class: 'mark-renewals' },
        s(
          'svg',
          { viewBox: '0 0 12 12', width: 12, height: 12, 'aria-hidden': true },
          s('path', { d: 'M4.5 0h3v12h-3z', stroke: 'none' }),
        ),
      ),
      'renewals, below the line',
    ),
  );
}

function hint(columns) {
  const ahead = columns.filter(({ from }) => from >= 0);
  const sum = (name) => ahead.reduce((total, column) => total + column[name], 0);
  return `${count(sum('renewing') + sum('ending'), 'certificate')} to end, ${sum('ending')} of them without a renewal. The pointer or the arrow keys tell of one column.`;
}

function span({ from, to }) {
  if (to <= 0) return to === 0 ? `In the last ${duration(from)}` : `${duration(to)} to ${duration(from)} ago`;
  return from === 0 ? `Within ${duration(to)}` : `In ${duration(from)} to ${duration(to)}`;
}

function tell(column) {
  const parts = SERIES.filter(({ name }) => column[name] > 0).map(({ name, word }) => `${column[name]} ${word}`);
  const ends = parts.length === 0 ? 'none ends' : `${count(totalOf(column), 'certificate')}: ${parts.join(', ')}`;
  return `${span(column)}: ${ends}${column.renewals > 0 ? `; ${count(column.renewals, 'renewal')} due` : ''}.`;
}

function asTable(columns) {
  const filled = columns.filter((column) => totalOf(column) + column.renewals > 0);
  return h(
    'div',
    {
      class: 'scroll',
      'data-key': 'timeline-scroll',
      tabindex: 0,
      role: 'region',
      'aria-label': 'Certificates by their end',
    },
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          ['Ends', ...SERIES.map(({ word }) => word), 'renewals due'].map((text) => h('th', { scope: 'col' }, text)),
        ),
      ),
      h(
        'tbody',
        {},
        filled.map((column) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row', class: 'nowrap' }, span(column)),
            [...SERIES.map(({ name }) => name), 'renewals'].map((name) => h('td', {}, column[name])),
          ),
        ),
      ),
    ),
  );
}
