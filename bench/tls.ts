import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import type { TlsMemory } from './children/tls-memory.ts';
import type { TlsServerAnswer, TlsServerKind } from './children/tls-server.ts';
import type { Contestant, Spent } from './harness/contestant.ts';
import { atLeast, atMost, type Goal } from './harness/goal.ts';
import { race } from './harness/race.ts';
import { turns } from './workload/issuance.ts';
import { openssl } from './workload/openssl.ts';
import { type SharedPem, servedName } from './workload/served-names.ts';

const MiB = 2 ** 20;
const BARE = 'one certificate, no SNICallback';
/** Until the code is compiled. */
const WARM_UP = 2_000;
/** The names that clients ask for, spread over all that are served. They fit into the contexts that a resolver keeps by default. */
const HOT = 500;
const AT_ONCE = 4;

/** Goal 8: handshakes with a resolver, and what its contexts take. */
export const tlsGoal: Goal = async (context) => {
  const { quick } = context;
  const [fewer, more] = quick ? [200, 1_000] : [1_000, 10_000];
  const pem = makePem(context.folder);
  const named = (kind: string, count: number) => `${kind}, ${count.toLocaleString('en-US')} names`;
  const afterPause = named('resolver, each name after a pause', more);
  const contestants = [
    tlsServer(BARE, 'one certificate', more, pem),
    tlsServer(named('contexts in a Map', fewer), 'map', fewer, pem),
    tlsServer(named('resolver', fewer), 'resolver', fewer, pem),
    tlsServer(named('resolver', more), 'resolver', more, pem),
    tlsServer(afterPause, 'resolver', more, pem, { isPaused: true }),
    tlsServer(named('addContext', more), 'addContext', more, pem),
  ];
  const result = await race(contestants, context);
  const limit = more / 10;
  const lru = await measureMemory('resolver', more, limit, pem);
  const eager = await measureMemory('eager', more, limit, pem);
  const growth = ({ before, after }: TlsMemory) => after - before;
  const inMiB = (memory: TlsMemory) => (growth(memory) / MiB).toFixed(0);
  return {
    title: 'Goal 8: TLS handshakes by server name',
    tables: [{ title: "full handshakes, by the server's CPU", unit: 'rate', base: BARE, lanes: result.lanes }],
    verdicts: [
      ...[fewer, more].map((count) => {
        const resolver = named('resolver', count);
        return atLeast(0.9, `${BARE}: ${resolver}`, result.ratio(resolver, BARE));
      }),
      atLeast(3, named('addContext', more), result.ratio(named('resolver', more), named('addContext', more))),
      atMost(0.2, 'x the memory of all contexts at once', growth(lru) / growth(eager)),
    ],
    notes: [
      'A server is a process of its own and its CPU time alone counts: both columns show it, and no time on the wall.',
      `Clients ask for ${HOT} of the names in turn, without resuming; contexts are loaded before. addContext is given one context for all names.`,
      'Each name was asked for just before. After a pause its first handshake has to wait for one read, which tells whether it is the same still.',
      `Serving ${more} names once took ${inMiB(lru)} MiB with ${limit} contexts kept, and ${inMiB(eager)} MiB with all of them.`,
    ],
  };
};

/** A server in a process of its own, and clients in this one. */
function tlsServer(
  name: string,
  kind: TlsServerKind,
  names: number,
  pem: SharedPem,
  { isPaused = false }: { readonly isPaused?: boolean } = {},
): Contestant {
  const nextHot = turns(HOT);
  const next = () => servedName(Math.floor((nextHot() * names) / HOT));
  let server: Promise<{ readonly child: ChildProcess; readonly port: number }> | undefined;
  const start = async () => {
    const child = fork(join(import.meta.dirname, 'tls-server.js'), [kind, String(names), JSON.stringify(pem)]);
    const answer = await nextAnswer(child);
    if (!('port' in answer)) throw new Error(`${name} did not say where it listens`);
    for (let at = 0; at < WARM_UP; at++) await shakeHands(answer.port, next());
    return { child, port: answer.port };
  };
  return {
    name,
    async run(count): Promise<Spent> {
      server ??= start();
      const { child, port } = await server;
      const asked = Array.from({ length: count }, next);
      // The others have had their turns meanwhile.
      if (!isPaused) await visitAll(port, new Set(asked));
      const before = await cpuOf(child);
      await visitAll(port, asked);
      const cpuNs = (await cpuOf(child)) - before;
      return { wallNs: cpuNs, cpuNs };
    },
    close: async () => {
      (await server)?.child.disconnect();
    },
  };
}

async function visitAll(port: number, names: Iterable<string>): Promise<void> {
  const left = names[Symbol.iterator]();
  const client = async () => {
    for (let next = left.next(); !next.done; next = left.next()) await shakeHands(port, next.value);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
}

async function shakeHands(port: number, servername: string): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', servername, rejectUnauthorized: false });
  const served = await text(socket);
  if (served !== 'served') throw new Error(`${servername} was not served`);
}

/** The CPU that a process has spent, in nanoseconds. */
async function cpuOf(child: ChildProcess): Promise<number> {
  child.send('cpu');
  const answer = await nextAnswer(child);
  if (!('cpu' in answer)) throw new Error('a server told something else than its CPU time');
  return answer.cpu * 1_000;
}

async function nextAnswer(child: ChildProcess): Promise<TlsServerAnswer> {
  const over = new AbortController();
  const exit = once(child, 'exit', { signal: over.signal }).then(([code]) => {
    throw new Error(`a TLS server ended with ${code}`);
  });
  exit.catch(() => undefined);
  try {
    return await Promise.race([once(child, 'message').then(([answer]) => answer as TlsServerAnswer), exit]);
  } finally {
    over.abort();
  }
}

function measureMemory(how: 'resolver' | 'eager', names: number, limit: number, pem: SharedPem): Promise<TlsMemory> {
  const given = [how, String(names), String(limit), JSON.stringify(pem)];
  const child = fork(join(import.meta.dirname, 'tls-memory.js'), given, { execArgv: ['--expose-gc'] });
  return new Promise((resolve, reject) => {
    child.once('message', (memory) => resolve(memory as TlsMemory));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`measuring memory ended with ${code} before its answer`)));
  });
}

function makePem(folder: string): SharedPem {
  const [keyFile, certificateFile] = [join(folder, 'tls.key'), join(folder, 'tls.pem')];
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', keyFile);
  const keyPem = openssl('pkcs8', '-topk8', '-nocrypt', '-in', keyFile);
  openssl('req', '-x509', '-key', keyFile, '-out', certificateFile, '-days', '2', '-subj', '/CN=bench.example');
  return { certificatePem: readFileSync(certificateFile, 'utf8'), keyPem };
}
