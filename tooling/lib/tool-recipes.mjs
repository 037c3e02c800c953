/**
 * Programs that tests run beside ours, and the Debian packages that bring them.
 *
 * `unpacked` is where the program lies when a package is unpacked without being installed; a program that must be told
 * where it lies has `environment`. A package that would start a service when it is installed has `service`, and is unpacked
 * in any case.
 *
 * @type {Record<string, { packages: readonly string[], unpacked: string, service?: true, environment?: (root: string) => Record<string, string> }>}
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
  chromium: { packages: ['chromium'], unpacked: 'usr/lib/chromium/chromium' },
  'redis-server': {
    packages: ['redis-server', 'redis-tools'],
    unpacked: 'usr/bin/redis-server',
    service: true,
  },
};
