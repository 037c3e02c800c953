import { get } from '../api.js';
import { h } from './dom.js';

/**
 * Reads the end of the log, newest first: the log itself is read from a place on.
 *
 * @param {number} limit
 * @param {AbortSignal} signal
 * @param {number} [before] the place to end before; default: the end
 * @returns {Promise<{ items: object[], first: number, size: number }>}
 */
export async function latestEvents(limit, signal, before) {
  const { size } = await get('/dashboard/log', {}, signal);
  const end = Math.min(before ?? size, size);
  const first = Math.max(0, end - limit);
  if (end === 0) return { items: [], first, size };
  const { items } = await get('/events', { from: first, limit: end - first }, signal);
  return { items: items.filter(({ sequence }) => sequence < end).reverse(), first, size };
}

/** What an event says, on one line: what happened, and to what. */
export function eventLine(event) {
  return [eventWords(event), ' ', eventSubject(event)];
}

/** `certificate.renewal_failed` as words. What the authority itself tells of is told apart from what became of a certificate that is looked after. */
export function eventWords({ type, source }) {
  const words = type.replaceAll(/[._]/g, ' ');
  const told = words.charAt(0).toUpperCase() + words.slice(1);
  return source?.startsWith('/authorities/') ? `${told} by the authority` : told;
}

/** What an event is about, with a link where this page shows it. */
export function eventSubject({ type, subject, data = {} }) {
  const [room] = type.split('.');
  const text = data.name ?? data.login ?? data.subjectAltNames?.[0] ?? data.recordId;
  if (room === 'certificate' && isId(subject)) return link('certificates', subject, text);
  if (room === 'account') return link('accounts', subject, text);
  if (isId(data.accountId ?? ''))
    return link('accounts', data.accountId, text ?? `of account ${shorten(data.accountId)}`);
  return h('span', { class: 'soft' }, text || shorten(subject));
}

const link = (room, id, text) => h('a', { href: `#/${room}/${encodeURIComponent(id)}` }, text || shorten(id));
const isId = (text) => /^[0-9a-f]{8}-[0-9a-f]{4}-/.test(text);
/** Ids that were made together begin alike: their ends tell them apart. */
const shorten = (text) => (text.length > 24 ? `…${text.slice(-12)}` : text);
