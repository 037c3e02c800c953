import { act, get } from '../api.js';
import { h } from '../parts/dom.js';
import { eventWords } from '../parts/events.js';
import { facts } from '../parts/facts.js';
import { notify } from '../parts/notice.js';
import { certificateState, state } from '../parts/state.js';
import { certificateTitle, hexGroups } from '../parts/text.js';
import { exactTime, relativeTime } from '../parts/time.js';
import { may } from '../session.js';
import { chain } from './chain.js';
import { inspection } from './inspection.js';
import { deleteDialog, revokeDialog } from './revoke.js';

/** One certificate: how it stands, its chain, every field of it, and what became of it. */
export function certificate({ params: [id], reload }) {
  let shown;
  return {
    title: () => (shown === undefined ? 'Certificate' : certificateTitle(shown)),
    crumb: h('a', { href: '#/certificates' }, 'Certificates'),
    actions: () => (shown === undefined ? [] : actions(shown, reload)),
    concerns: ({ event }) => event.subject === id || event.subject === shown?.serialNumber,
    async load(signal) {
      const path = `/certificates/${encodeURIComponent(id)}`;
      const [found, history] = await Promise.all([
        get(path, {}, signal),
        may('events.read') ? get('/events', { subject: id, limit: 100 }, signal) : { items: [] },
      ]);
      const isIssued = found.chainPem !== undefined;
      const fields = isIssued ? await optional(get(`${path}/inspection`, {}, signal)) : undefined;
      return { found, fields, history: history.items.reverse() };
    },
    draw({ found, fields, history }) {
      shown = found;
      return [
        found.failure && failureBox(found),
        h(
          'div',
          { class: 'columns uneven' },
          h('section', { class: 'panel' }, h('h2', {}, 'Certificate'), summary(found)),
          h('div', { class: 'stack' }, fields && chain(found, fields), history.length > 0 && historyPanel(history)),
        ),
        fields && h('section', { class: 'panel' }, h('h2', {}, 'Every field'), inspection(fields, found.chainPem)),
      ].filter(Boolean);
    },
  };
}

/** What is shown besides; a server without it shows the rest. */
async function optional(answer) {
  try {
    return await answer;
  } catch (error) {
    if (error.status === 404 || error.status === 501) return undefined;
    throw error;
  }
}

function actions(found, reload) {
  const { id, state: stage, active } = found;
  const done = (text) => {
    notify(text);
    return reload();
  };
  const button = (key, text, onclick, kind) => h('button', { type: 'button', id: key, class: kind, onclick }, text);
  const does = (verb, text, body) => async (event) => {
    event.currentTarget.disabled = true;
    try {
      await act(`/certificates/${encodeURIComponent(id)}/${verb}`, { body });
      await done(text);
    } catch (error) {
      notify(error.message);
      await reload();
    }
  };
  const canRenew = stage === 'issued' && found.issuer !== undefined && found.hasPrivateKey !== false;
  return [
    canRenew && button('renew', 'Renew', does('renew', 'Renewed, with a new key', {})),
    stage === 'issued' &&
      (active
        ? button('deactivate', 'Stop serving', does('deactivate', 'No longer served'))
        : button('activate', 'Serve', does('activate', 'Served'))),
    stage === 'issued' && button('revoke', 'Revoke', () => revokeDialog(found, () => done('Revoked')), 'danger'),
    stage !== 'issued' && button('delete', 'Delete', () => deleteDialog(found), 'danger'),
  ].filter(Boolean);
}

function failureBox({ failure, status }) {
  const what =
    status === 'failed' ? 'It was not issued.' : 'The last attempt to renew it failed; what there is stays in force.';
  return h(
    'div',
    { class: 'fault-box' },
    h('p', {}, h('strong', {}, what), ' ', failure.message),
    h('p', { class: 'code' }, failure.code, ', ', relativeTime(failure.at)),
  );
}

function summary(found) {
  const {
    subjectAltNames,
    accountId,
    revocationReason,
    revokedAt,
    notBefore,
    notAfter,
    renewAt,
    renewing,
    sha256Fingerprint,
  } = found;
  return facts([
    ['State', [state(certificateState(found)), found.status === 'valid' && !found.active && [' ', state('inactive')]]],
    revokedAt && ['Revoked', [exactTime(revokedAt), `, ${revocationReason ?? 'unspecified'}`]],
    [
      'Names',
      h(
        'ul',
        {},
        subjectAltNames.map((name) => h('li', {}, name)),
      ),
    ],
    accountId && ['Account', may('accounts.read') ? h('a', { href: `#/accounts/${accountId}` }, accountId) : accountId],
    ['Issuer', found.issuer ?? 'imported; nobody here renews it'],
    found.profile && ['Profile', found.profile],
    ['Generation', String(found.generation)],
    notBefore && ['Valid from', [exactTime(notBefore), ' ', h('span', { class: 'soft' }, relativeTime(notBefore))]],
    notAfter && ['Ends', [exactTime(notAfter), ' ', h('span', { class: 'soft' }, relativeTime(notAfter))]],
    found.status === 'valid' && [
      'Renewed',
      renewing
        ? 'at this moment'
        : renewAt
          ? [exactTime(renewAt), ' ', h('span', { class: 'soft' }, relativeTime(renewAt))]
          : 'by nobody',
    ],
    [
      'Private key',
      found.hasPrivateKey === false ? 'kept elsewhere' : `${found.keyAlgorithm ?? 'key'}, sealed in storage`,
    ],
    found.serialNumber && ['Serial number', h('span', { class: 'mono' }, hexGroups(found.serialNumber))],
    sha256Fingerprint && ['SHA-256', h('span', { class: 'mono' }, hexGroups(sha256Fingerprint))],
    ['Kept here since', exactTime(found.createdAt)],
  ]);
}

function historyPanel(history) {
  return h(
    'section',
    { class: 'panel' },
    h('h2', {}, 'History'),
    h(
      'ol',
      { class: 'feed', 'aria-label': 'Newest first' },
      history.map(({ loggedAt, event }) =>
        h('li', {}, h('span', {}, eventWords(event)), h('span', { class: 'soft small' }, relativeTime(loggedAt))),
      ),
    ),
  );
}
