import { get } from '../api.js';
import { h } from '../parts/dom.js';
import { eventLine, latestEvents } from '../parts/events.js';
import { state } from '../parts/state.js';
import { empty, table } from '../parts/table.js';
import { certificateTitle, count, figure } from '../parts/text.js';
import { instantCell, relativeTime } from '../parts/time.js';
import { may } from '../session.js';
import { Timeline } from './timeline.js';

const LATEST = 8;

const TALLIES = [
  ['valid', 'valid'],
  ['ending', 'valid'],
  ['pending', 'pending'],
  ['expired', 'expired'],
  ['revoked', 'revoked'],
  ['failed', 'failed'],
];

/** How all certificates stand, when they end, what is renewed next, and what has just happened. */
export function overview() {
  const timeline = new Timeline();
  return {
    title: 'Overview',
    concerns: () => true,
    async load(signal) {
      const [summary, events] = await Promise.all([
        get('/dashboard/overview', {}, signal),
        may('events.read') ? latestEvents(LATEST, signal) : { items: [] },
      ]);
      return { summary, events: events.items };
    },
    draw({ summary, events }) {
      if (summary.total === 0) return [emptyHouse()];
      timeline.update(summary);
      return [
        tallies(summary.counts),
        h(
          'section',
          { class: 'panel timeline', 'aria-labelledby': 'timeline-title' },
          timeline.heading,
          timeline.element,
        ),
        h(
          'div',
          { class: 'columns' },
          h('section', { class: 'panel' }, h('h2', {}, 'Next renewals'), renewals(summary.renewals)),
          h('section', { class: 'panel' }, h('h2', {}, 'Nobody renews these'), endings(summary.endings)),
        ),
        events.length > 0 && h('section', { class: 'panel' }, h('h2', {}, 'What happened last'), feed(events)),
      ].filter(Boolean);
    },
  };
}

function emptyHouse() {
  const link = h('a', { href: '#/certificates' }, 'Issue the first one');
  return h('section', { class: 'panel' }, empty('There are no certificates yet.', link));
}

function tallies(counts) {
  return h(
    'ul',
    { class: 'tallies' },
    TALLIES.map(([name, status]) =>
      h(
        'li',
        {},
        h(
          'a',
          { href: `#/certificates?status=${status}`, 'data-key': `tally-${name}` },
          h('span', { class: 'figure' }, figure(counts[name])),
          state(name),
        ),
      ),
    ),
  );
}

const link = (certificate) => h('a', { href: `#/certificates/${certificate.id}` }, certificateTitle(certificate));

function renewals(rows) {
  if (rows.length === 0) return empty('No renewal is due: none of the valid certificates is renewed by itself.');
  return table({
    caption: 'The certificates that are renewed next',
    rows,
    columns: [
      { heading: 'Certificate', header: true, cell: link },
      { heading: 'Renewed', cell: ({ renewAt }) => relativeTime(renewAt) },
      { heading: 'Ends', room: 'from-medium', cell: ({ notAfter }) => relativeTime(notAfter) },
    ],
  });
}

function endings(rows) {
  if (rows.length === 0) return empty('Every valid certificate is renewed by itself.');
  return table({
    caption: 'Valid certificates that nobody renews, soonest end first',
    rows,
    columns: [
      { heading: 'Certificate', header: true, cell: link },
      { heading: 'Ends', cell: ({ notAfter }) => instantCell(notAfter) },
    ],
  });
}

function feed(events) {
  return h(
    'ol',
    { class: 'feed', 'aria-label': `The last ${count(events.length, 'event')}, newest first` },
    events.map((entry) =>
      h(
        'li',
        {},
        h('span', {}, eventLine(entry.event)),
        h('span', { class: 'soft small' }, relativeTime(entry.loggedAt)),
      ),
    ),
  );
}
