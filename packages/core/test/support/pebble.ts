import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePem } from '../../src/encoding/pem.ts';
import { nodeCrypto } from '../../src/index.ts';
import { encodeSubjectAltName } from '../../src/x509/extensions/alternative-names.ts';
import { encodeExtendedKeyUsage } from '../../src/x509/extensions/extended-key-usage.ts';
import { freePorts } from './free-ports.ts';
import { testCertificate } from './test-ca.ts';
import { type ToolName, tool } from './tools.ts';

/** How Pebble is to behave. */
export interface PebbleOptions {
  /** Its knobs, such as `PEBBLE_WFE_NONCEREJECT`. By default it neither sleeps nor reuses authorizations nor rejects nonces. */
  readonly env?: Readonly<Record<string, string>>;
  /** Keys of external accounts by id, base64url: others are refused. */
  readonly externalAccounts?: Readonly<Record<string, string>>;
  /** Default `pebble`; `pebble-2.6` knows renewal information (RFC 9773). */
  readonly program?: 'pebble' | 'pebble-2.6';
  /** Arguments such as `-strict`. */
  readonly args?: readonly string[];
}

/** A Pebble of its own, with a DNS server to ask. */
export interface Pebble {
  /** URL of its directory. */
  readonly directory: string;
  /** What its TLS is judged by. */
  readonly trustAnchorsPem: string;
  /** Where it looks for http-01, whatever the name. */
  readonly httpPort: number;
  /** Where it looks for tls-alpn-01, whatever the name. */
  readonly tlsPort: number;
  readonly dnsPort: number;
  setTxt(record: { readonly name: string; readonly value: string }): Promise<void>;
  removeTxt(record: { readonly name: string }): Promise<void>;
  setCname(host: string, target: string): Promise<void>;
  /** A text of its management interface, such as `roots/0`. */
  manage(path: string): Promise<string>;
  stop(): Promise<void>;
}

const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** Starts Pebble and its DNS server, and waits until both answer. */
export async function startPebble(options: PebbleOptions = {}): Promise<Pebble> {
  const { env = {}, externalAccounts, program = 'pebble', args = [] } = options;
  const folder = mkdtempSync(join(tmpdir(), 'chancery-pebble-'));
  const { certPem, keyPem } = await listenerCertificate();
  writeFileSync(join(folder, 'tls.pem'), certPem);
  writeFileSync(join(folder, 'tls.key'), keyPem);
  const [acmePort, managementPort, httpPort, tlsPort, dnsPort, dnsManagementPort] = await freePorts(6);
  const config = {
    pebble: {
      listenAddress: `127.0.0.1:${acmePort}`,
      managementListenAddress: `127.0.0.1:${managementPort}`,
      certificate: join(folder, 'tls.pem'),
      privateKey: join(folder, 'tls.key'),
      httpPort,
      tlsPort,
      ocspResponderURL: '',
      externalAccountBindingRequired: externalAccounts !== undefined,
      externalAccountMACKeys: externalAccounts ?? {},
    },
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  const dns = launch('pebble-challtestsrv', [
    ...['-defaultIPv4', '127.0.0.1', '-defaultIPv6', '', '-dns01', `127.0.0.1:${dnsPort}`],
    ...['-http01', '', '-https01', '', '-tlsalpn01', '', '-management', `127.0.0.1:${dnsManagementPort}`],
  ]);
  const knobs = { PEBBLE_VA_NOSLEEP: '1', PEBBLE_AUTHZREUSE: '0', PEBBLE_WFE_NONCEREJECT: '0', ...env };
  const acme = launch(
    program,
    ['-config', join(folder, 'config.json'), '-dnsserver', `127.0.0.1:${dnsPort}`, '-strict=false', ...args],
    knobs,
  );
  const dnsManagement = `http://127.0.0.1:${dnsManagementPort}`;
  const post = async (path: string, body: object): Promise<void> => {
    const { status } = await fetch(`${dnsManagement}/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (status !== 200) throw new Error(`pebble-challtestsrv refused ${path} with ${status}`);
  };
  const pebble: Pebble = {
    // An address: a client that has two for a name gives the first up after a quarter of a second, which a busy machine may need.
    directory: `https://127.0.0.1:${acmePort}/dir`,
    trustAnchorsPem: certPem,
    httpPort: httpPort as number,
    tlsPort: tlsPort as number,
    dnsPort: dnsPort as number,
    setTxt: ({ name, value }) => post('set-txt', { host: `${name}.`, value }),
    removeTxt: ({ name }) => post('clear-txt', { host: `${name}.` }),
    setCname: (host, target) => post('set-cname', { host: `${host}.`, target: `${target}.` }),
    manage: (path) => get(`https://127.0.0.1:${managementPort}/${path}`, certPem),
    stop: async () => {
      await Promise.all([end(acme), end(dns)]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await answering(() => pebble.manage('roots/0'), acme);
  await answering(() => get(pebble.directory, certPem), acme);
  await answering(() => pebble.removeTxt({ name: 'nobody.example' }), dns);
  return pebble;
}

/** A self-signed certificate for `localhost`. */
export async function listenerCertificate(): Promise<{ certPem: string; keyPem: string }> {
  const crypto = nodeCrypto();
  const signingKey = await crypto.generateKey('ECDSA-P256');
  const certPem = await testCertificate({
    subject: 'CN=localhost',
    signingKey,
    keyUsage: ['digitalSignature', 'keyCertSign'],
    extensions: [
      encodeExtendedKeyUsage(['serverAuth']),
      encodeSubjectAltName([
        { kind: 'dns', value: 'localhost' },
        { kind: 'ip', value: '127.0.0.1' },
      ]),
    ],
  });
  return { certPem, keyPem: encodePem('PRIVATE KEY', await crypto.exportPrivateKey(signingKey)) };
}

/** A GET over a TLS that only one certificate is trusted for. */
function get(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => (response.statusCode === 200 ? resolve(body) : reject(new Error(`${url}: ${body}`))));
    });
    asked.on('error', reject);
    asked.end();
  });
}

function launch(name: ToolName, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const child = spawn(tool(name), args, { stdio: 'ignore', env: { ...process.env, ...env } });
  children.add(child);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  children.delete(child);
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

async function answering(ask: () => Promise<unknown>, child: ChildProcess): Promise<void> {
  // It makes several RSA keys first.
  const deadline = Date.now() + 90_000;
  for (let last: unknown; ; ) {
    try {
      await ask();
      return;
    } catch (error) {
      last = error;
    }
    if (child.exitCode !== null || Date.now() > deadline) throw new Error('Pebble does not answer', { cause: last });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
