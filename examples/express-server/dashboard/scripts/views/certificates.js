import { get } from '../api.js';
import { h } from '../parts/dom.js';
import { Pages } from '../parts/pager.js';
import { certificateState, state, stateWord } from '../parts/state.js';
import { empty, table } from '../parts/table.js';
import { certificateTitle, namesLine } from '../parts/text.js';
import { instantCell, relativeTime } from '../parts/time.js';
import { may } from '../session.js';
import { importDialog } from './import.js';
import { issueDialog } from './issue.js';

const SIZE = 25;
const STATUSES = ['valid', 'pending', 'expired', 'revoked', 'failed'];

/** The certificates, soonest end first: all of them to an administrator, their own to everybody else. */
export function certificates({ query, reload }) {
  const pages = new Pages();
  const seen = new Map();
  return {
    title: 'Certificates',
    actions: () => [
      h(
        'button',
        { type: 'button', class: 'primary', id: 'issue', onclick: () => issueDialog(reload) },
        'Issue a certificate',
      ),
      may('certificates.write') &&
        h('button', { type: 'button', id: 'import', onclick: () => importDialog(reload) }, 'Import one'),
    ],
    concerns: ({ event }) => event.type.startsWith('certificate.'),
    load: (signal) =>
      get(
        '/certificates',
        { status: query.status, accountId: query.account, limit: SIZE, cursor: pages.cursor },
        signal,
      ),
    draw(page) {
      const content =
        page.items.length === 0
          ? empty(
              query.status
                ? `There is no certificate of the state “${stateWord(query.status)}”.`
                : 'There are no certificates yet.',
            )
          : list(page.items, seen);
      return [
        filters(query),
        h(
          'section',
          { class: 'panel', 'aria-label': 'Certificates' },
          content,
          pages.controls(page, { size: SIZE, reload }),
        ),
      ];
    },
  };
}

function filters({ status, account }) {
  const to = (value) => {
    const search = new URLSearchParams({ ...(account && { account }), ...(value && { status: value }) }).toString();
    return `#/certificates${search && `?${search}`}`;
  };
  const one = (value, word) =>
    h('li', {}, h('a', { href: to(value), 'aria-current': value === status && 'true' }, word));
  return h(
    'nav',
    { 'aria-label': 'By state' },
    h(
      'ul',
      { class: 'filters' },
      one(undefined, 'All'),
      STATUSES.map((value) => one(value, stateWord(value))),
    ),
    account && h('p', { class: 'small' }, `Those of one account. `, h('a', { href: '#/certificates' }, 'All accounts')),
  );
}

/** @param {Map<string, number>} seen the revision of each certificate that was shown before: what has changed since is marked. */
function list(items, seen) {
  const isFirst = seen.size === 0;
  const changed = new Set(
    items.filter(({ id, revision }) => !isFirst && seen.get(id) !== revision).map(({ id }) => id),
  );
  for (const { id, revision } of items) seen.set(id, revision);
  return table({
    caption: 'Certificates, soonest end first',
    rows: items,
    rowClass: ({ id }) => (changed.has(id) ? 'fresh' : undefined),
    columns: [
      { heading: 'State', cell: stateCell },
      { heading: 'Certificate', header: true, cell: nameCell },
      { heading: 'Ends', room: 'from-medium', cell: ({ notAfter }) => instantCell(notAfter) },
      {
        heading: 'Renewed',
        room: 'from-medium',
        cell: ({ renewAt, renewing }) => (renewing ? 'at this moment' : instantCell(renewAt)),
      },
      {
        heading: 'Issuer',
        room: 'from-wide',
        cell: ({ issuer }) => issuer ?? h('span', { class: 'soft' }, 'elsewhere'),
      },
      { heading: 'Generation', room: 'from-wide', cell: ({ generation }) => generation },
    ],
  });
}

function stateCell(certificate) {
  const isIdle = certificate.status === 'valid' && !certificate.active;
  return [state(certificateState(certificate)), isIdle && h('span', { class: 'under' }, 'not served')];
}

function nameCell(certificate) {
  const { id, name, subjectAltNames, notAfter } = certificate;
  const names = name === undefined ? subjectAltNames.slice(1) : subjectAltNames;
  return [
    h('a', { href: `#/certificates/${id}` }, certificateTitle(certificate)),
    names.length > 0 && h('span', { class: 'under' }, namesLine(names)),
    notAfter && h('span', { class: 'under until-medium' }, 'ends ', relativeTime(notAfter)),
  ];
}
