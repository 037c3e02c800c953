/**
 * Programs that tests run beside ours, and the Debian packages that bring them.
 *
 * `unpacked` is where the program lies when a package is unpacked without being installed, `*` standing for a version; a
 * program that must be told where it lies has `environment`, and one that its package does not put on PATH has `aside`. A
 * package that would start a service when it is installed has `service`, and is unpacked in any case. One of another release of
 * Debian than the system's has `suite`, and is unpacked by itself: what it needs must be on the system.
 *
 * @type {Record<string, { packages: readonly string[], unpacked: string, aside?: true, service?: true, suite?: string, environment?: (root: string) => Record<string, string> }>}
 */
export const TOOLS = {
  openssl: { packages: ['openssl'], unpacked: 'usr/bin/openssl' },
  go: {
    packages: ['golang-go'],
    unpacked: 'usr/lib/go/bin/go',
    environment: (root) => ({ GOROOT: `${root}/usr/lib/go` }),
  },
  certtool: { packages: ['gnutls-bin'], unpacked: 'usr/bin/certtool' },
  certutil: { packages: ['libnss3-tools'], unpacked: 'usr/bin/certutil' },
  caddy: { packages: ['caddy'], unpacked: 'usr/bin/caddy', service: true },
  chromium: { packages: ['chromium'], unpacked: 'usr/lib/chromium/chromium' },
  'ansible-playbook': {
    packages: ['ansible-core'],
    unpacked: 'usr/bin/ansible-playbook',
    environment: (root) => ({ PYTHONPATH: `${root}/usr/lib/python3/dist-packages` }),
  },
  nginx: { packages: ['nginx'], unpacked: 'usr/sbin/nginx', service: true },
  pebble: { packages: ['pebble'], unpacked: 'usr/bin/pebble' },
  // The first with renewal information (RFC 9773).
  'pebble-2.6': { packages: ['pebble'], unpacked: 'usr/bin/pebble', suite: 'trixie' },
  'pebble-challtestsrv': { packages: ['pebble'], unpacked: 'usr/bin/pebble-challtestsrv' },
  initdb: postgres('initdb'),
  pg_basebackup: postgres('pg_basebackup'),
  pg_dump: postgres('pg_dump'),
  pg_restore: postgres('pg_restore'),
  postgres: postgres('postgres'),
  prometheus: { packages: ['prometheus'], unpacked: 'usr/bin/prometheus', service: true },
  promtool: { packages: ['prometheus'], unpacked: 'usr/bin/promtool', service: true },
  psql: postgres('psql'),
  'redis-server': {
    packages: ['redis-server', 'redis-tools'],
    unpacked: 'usr/bin/redis-server',
    service: true,
  },
  wrk: { packages: ['wrk'], unpacked: 'usr/bin/wrk' },
};

/** A program of PostgreSQL. */
function postgres(name) {
  return { packages: ['postgresql'], unpacked: `usr/lib/postgresql/*/bin/${name}`, aside: true, service: true };
}
