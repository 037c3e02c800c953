import { account } from './views/account.js';
import { accounts } from './views/accounts.js';
import { audit } from './views/audit.js';
import { certificate } from './views/certificate.js';
import { certificates } from './views/certificates.js';
import { overview } from './views/overview.js';
import { records } from './views/records.js';

/** The views that have a link of their own, and what one must be allowed to do to see them. */
export const ROOMS = [
  { path: '/', name: 'Overview', permission: 'certificates.read' },
  { path: '/certificates', name: 'Certificates' },
  { path: '/accounts', name: 'Accounts', permission: 'accounts.read' },
  { path: '/records', name: 'Records' },
  { path: '/audit', name: 'Audit', permission: 'events.read' },
];

const ROUTES = [
  [/^\/$/, overview],
  [/^\/certificates$/, certificates],
  [/^\/certificates\/([^/]+)$/, certificate],
  [/^\/accounts$/, accounts],
  [/^\/accounts\/([^/]+)$/, account],
  [/^\/records$/, records],
  [/^\/audit$/, audit],
];

/** Where the page is: `#/certificates?status=revoked`. */
export function location() {
  const [path = '/', search = ''] = (window.location.hash.slice(1) || '/').split('?');
  return { path, query: Object.fromEntries(new URLSearchParams(search)) };
}

/** The view of a path, and the texts in it; undefined where there is none. */
export function routeOf(path) {
  for (const [pattern, view] of ROUTES) {
    const match = pattern.exec(path);
    if (match) return { view, params: match.slice(1).map(decodeURIComponent) };
  }
  return undefined;
}
