const SERVICES = [
  ...['shop', 'api', 'mail', 'vpn', 'git', 'ci', 'cdn', 'wiki', 'chat', 'status', 'login', 'media', 'search', 'maps'],
  ...['billing', 'orders', 'stock', 'metrics', 'logs', 'backup', 'ldap', 'dns', 'cache', 'queue', 'reports', 'forms'],
];
const DOMAINS = ['example', 'internal'];

/** The host name of a demonstration's certificate: no two numbers give the same. */
export function hostName(index: number): string {
  const service = SERVICES[index % SERVICES.length] ?? 'host';
  const round = Math.floor(index / SERVICES.length);
  const domain = DOMAINS[index % DOMAINS.length] ?? 'example';
  return round === 0 ? `${service}.${domain}` : `${service}-${round + 1}.${domain}`;
}
