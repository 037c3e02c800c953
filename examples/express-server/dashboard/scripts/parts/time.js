import { h } from './dom.js';

const UNITS = [
  ['y', 365 * 86_400],
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
];

const full = new Intl.DateTimeFormat('sv-SE', {
  dateStyle: 'short',
  timeStyle: 'medium',
});

/** How far the server's clock is ahead of the browser's, in milliseconds. */
let skew = 0;

/** Learns the server's time from an answer, so that a browser whose clock is wrong still counts down rightly. */
export function learnTime(headers) {
  const date = Date.parse(headers.get('date') ?? '');
  // The header has whole seconds: a smaller difference means nothing.
  if (!Number.isNaN(date) && Math.abs(date - Date.now()) > 2_000) skew = date - Date.now();
}

/** The present, by the server's clock. */
export const now = () => Date.now() + skew;

/** A duration in its two largest units: `2 d 4 h`. */
export function duration(ms) {
  let left = Math.round(Math.abs(ms) / 1_000);
  const first = UNITS.findIndex(([, size]) => left >= size);
  if (first === -1) return '0 s';
  const parts = [];
  for (const [unit, size] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.slice(0, 2).join(' ');
}

/** From the present: `in 2 d 4 h`, or `3 min ago`. */
export function relative(instant) {
  const ms = new Date(instant).getTime() - now();
  return ms >= 0 ? `in ${duration(ms)}` : `${duration(ms)} ago`;
}

/** Date and time in the browser's time zone. */
export function exact(instant) {
  return full.format(new Date(instant));
}

/** An instant as it is far away, which keeps itself right. */
export function relativeTime(instant) {
  const datetime = new Date(instant).toISOString();
  return h('time', { datetime, title: exact(instant), 'data-relative': true, class: 'nowrap' }, relative(instant));
}

/** An instant, with its distance below. */
export function instantCell(instant) {
  if (instant === undefined) return h('span', { class: 'soft' }, 'none');
  return [exactTime(instant), h('span', { class: 'under' }, relativeTime(instant))];
}

/** An instant as date and time. */
export function exactTime(instant) {
  return h('time', { datetime: new Date(instant).toISOString(), class: 'nowrap' }, exact(instant));
}

/** Keeps the distances on the page right, each second. */
export function startClock() {
  setInterval(() => {
    for (const element of document.querySelectorAll('time[data-relative]')) {
      const text = relative(element.dateTime);
      if (element.textContent !== text) element.textContent = text;
    }
  }, 1_000);
}
