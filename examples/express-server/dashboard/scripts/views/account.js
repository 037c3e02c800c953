import { act, get } from '../api.js';
import { h } from '../parts/dom.js';
import { facts } from '../parts/facts.js';
import { notify } from '../parts/notice.js';
import { empty, table } from '../parts/table.js';
import { exactTime, relativeTime } from '../parts/time.js';
import { may } from '../session.js';
import { accountState, roleTags } from './accounts.js';
import { secondFactorPanel } from './second-factor.js';

const BINDINGS = {
  dpop: 'a DPoP key',
  certificate: 'a certificate',
  managedCertificate: 'a managed certificate',
  bindingSecret: 'the browser’s cookie',
};

/** One account, and its open sessions. */
export function account({ params: [id], reload }) {
  let shown;
  const path = `/accounts/${encodeURIComponent(id)}`;
  return {
    title: () => shown?.login ?? 'Account',
    crumb: may('accounts.read') && h('a', { href: '#/accounts' }, 'Accounts'),
    actions: () => (shown !== undefined && may('accounts.write') ? [toggle(shown, path, reload)] : []),
    concerns: ({ event }) => event.subject === id || event.type.startsWith('session.'),
    async load(signal) {
      const [found, sessions, secondFactor] = await Promise.all([
        get(path, {}, signal),
        get(`${path}/sessions`, { limit: 50 }, signal),
        get(`${path}/totp`, {}, signal),
      ]);
      return { found, sessions: sessions.items, secondFactor };
    },
    draw({ found, sessions, secondFactor }) {
      shown = found;
      return [
        h('section', { class: 'panel' }, h('h2', {}, 'Account'), summary(found)),
        secondFactorPanel(secondFactor, { accountId: id, path, reload }),
        h('section', { class: 'panel' }, sessionsHeader(sessions, path, reload), sessionList(sessions)),
      ];
    },
  };
}

function toggle({ disabled, login }, path, reload) {
  const [verb, word, past] = disabled ? ['enable', 'Enable', 'enabled'] : ['disable', 'Disable', 'disabled'];
  const onclick = async () => {
    try {
      await act(`${path}/${verb}`);
      notify(`${login} is ${past}`);
    } catch (error) {
      notify(error.message);
    }
    await reload();
  };
  return h('button', { type: 'button', id: 'toggle-account', class: disabled ? undefined : 'danger', onclick }, word);
}

function summary(found) {
  const attributes = Object.entries(found.attributes ?? {});
  return facts([
    ['State', accountState(found)],
    ['Login', found.login],
    found.displayName && ['Name', found.displayName],
    found.dateOfBirth && ['Born', found.dateOfBirth],
    ['Roles', roleTags(found.roles)],
    ['Second factor', found.secondFactorRequired ? 'required' : 'not required'],
    ...attributes.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
    ['Created', [exactTime(found.createdAt), ' ', h('span', { class: 'soft' }, relativeTime(found.createdAt))]],
    ['Changed', [exactTime(found.updatedAt), ' ', h('span', { class: 'soft' }, relativeTime(found.updatedAt))]],
    [
      'Certificates',
      h('a', { href: `#/certificates?account=${encodeURIComponent(found.id)}` }, 'those of this account'),
    ],
    ['Id', h('span', { class: 'mono' }, found.id)],
  ]);
}

function sessionsHeader(sessions, path, reload) {
  const end = async () => {
    await act(`${path}/sessions`, { method: 'DELETE' });
    notify('All sessions of this account are over');
    await reload();
  };
  const canEnd = sessions.length > 0 && may('accounts.write');
  return h(
    'header',
    {},
    h('h2', {}, 'Open sessions'),
    canEnd && h('button', { type: 'button', class: 'plain', id: 'end-sessions', onclick: end }, 'End them all'),
  );
}

function sessionList(sessions) {
  if (sessions.length === 0) return empty('Nobody is logged in with this account.');
  return table({
    caption: 'Open sessions, newest first',
    rows: sessions,
    columns: [
      { heading: 'Since', header: true, cell: ({ createdAt }) => relativeTime(createdAt) },
      {
        heading: 'From',
        cell: ({ ip, userAgent }) => [ip ?? 'unknown', userAgent && h('span', { class: 'under' }, userAgent)],
      },
      {
        heading: 'Bound to',
        room: 'from-medium',
        cell: ({ boundTo }) => boundTo.map((kind) => BINDINGS[kind] ?? kind).join(', ') || 'nothing',
      },
      { heading: 'Ends', room: 'from-medium', cell: ({ expiresAt }) => relativeTime(expiresAt) },
    ],
  });
}
