import { X509Certificate } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { type AcmeIssuerOptions, type StorageBackend, StorageError, tlsAlpn01 } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { codeOf } from '../support/expect-error.ts';
import { ScriptedAcme } from '../support/scripted-acme.ts';
import { createTestIssuer, requestFor } from '../support/test-issuer.ts';
import { createTestStorage, overriding } from '../support/test-storage.ts';

let clock: VirtualClock;
let server: ScriptedAcme;

beforeEach(() => {
  clock = new VirtualClock();
  server = new ScriptedAcme(clock);
  server.challengeTypes = ['tls-alpn-01'];
  server.intercept = ({ path }) => {
    if (path.startsWith('/challenge')) throw new Error('it never arrives');
    return undefined;
  };
});

function make(options: Partial<AcmeIssuerOptions> = {}) {
  return createTestIssuer({ clock, fetch: server.fetch, waitMs: 0, solvers: [tlsAlpn01()], ...options });
}

/** Leaves an order with its challenges open. */
async function open(made: ReturnType<typeof make>, name: string): Promise<void> {
  expect(await codeOf(made.another().requestCertificate(await requestFor([name])))).toBe('ACME_UNAVAILABLE');
}

/** Counts what is read of a storage. */
function counting(backend: StorageBackend) {
  const reads = { queries: 0, gets: 0 };
  const storage = overriding(backend, {
    query: (query) => {
      reads.queries += 1;
      return backend.query(query);
    },
    get: (refs, options) => {
      reads.gets += refs.some(({ collection }) => collection === 'acme_challenges') ? 1 : 0;
      return backend.get(refs, options);
    },
  });
  return { storage, reads };
}

/** An instance whose looks for open challenges are held, bounded or failed, and one beside it that opens them. */
async function watched() {
  const stored = createTestStorage(clock);
  const made = make({ storage: stored.storage });
  await open(made, 'a.example');
  const backend = stored.another();
  let gate: { readonly begin: () => void; readonly released: Promise<void> } | undefined;
  const looks = {
    limit: 1_000,
    failure: undefined as Error | undefined,
    /** Keeps the answer of the next look back. */
    hold() {
      let begin = () => undefined as void;
      let release = () => undefined as void;
      const begun = new Promise<void>((resolve) => {
        begin = resolve;
      });
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      gate = { begin, released };
      return { begun, release };
    },
  };
  const storage = overriding(backend, {
    query: async (query) => {
      if (looks.failure !== undefined) throw looks.failure;
      const held = gate;
      gate = undefined;
      const page = await backend.query({ ...query, limit: Math.min(query.limit, looks.limit) });
      held?.begin();
      await held?.released;
      return page;
    },
  });
  return { made, judge: made.another({ storage }), looks };
}

describe('tls-alpn-01', () => {
  it('is open for the names of every instance, and for no other', async () => {
    const made = make();
    await open(made, 'a.example');
    await open(made, 'ip:192.0.2.1');
    const judge = made.another();
    expect(await judge.isChallengeOpen('A.example')).toBe(true);
    expect(await judge.isChallengeOpen('1.2.0.192.in-addr.arpa')).toBe(true);
    for (const other of ['b.example', 'a.example.', '', '\0', undefined] as string[])
      expect(await judge.isChallengeOpen(other)).toBe(false);
    clock.advance(3_600_000);
    // It is found out where the challenge is asked for.
    expect(await judge.tlsAlpnCertificate('a.example')).toBeUndefined();
    expect(await judge.isChallengeOpen('a.example')).toBe(false);
  });

  it('is answered by one certificate as long as the challenge is the same, and by another for another', async () => {
    const made = make();
    await open(made, 'a.example');
    const judge = made.another();
    const [one, two] = await Promise.all([
      judge.tlsAlpnCertificate('a.example'),
      judge.tlsAlpnCertificate('A.example'),
    ]);
    expect(two).toEqual(one);
    const leaf = new X509Certificate(one?.certPem as string);
    expect(leaf.subjectAltName).toBe('DNS:a.example');
    expect(one?.keyPem).toContain('PRIVATE KEY');
    // One that is made for an hour is not handed out until the end.
    clock.advance(1_800_000);
    const later = await judge.tlsAlpnCertificate('a.example');
    expect(later?.certPem).not.toBe(one?.certPem);
    expect(Date.parse(new X509Certificate(later?.certPem as string).validTo)).toBeGreaterThan(Date.parse(leaf.validTo));
  });

  it('costs the storage no more, however many unknown names are asked for at once', async () => {
    const stored = createTestStorage(clock);
    const made = make({ storage: stored.storage });
    await open(made, 'a.example');
    const { storage, reads } = counting(stored.another());
    const judge = made.another({ storage });
    await judge.isChallengeOpen('warm-up.example');
    const before = { ...reads };
    const flood = Array.from({ length: 2_000 }, (_, at) => judge.isChallengeOpen(`x${at}.example`));
    // Amid the flood a further challenge opens, and its validation comes.
    await open(made, 'b.example');
    expect(await judge.isChallengeOpen('b.example')).toBe(true);
    expect(await judge.isChallengeOpen('a.example')).toBe(true);
    expect(new Set(await Promise.all(flood))).toEqual(new Set([false]));
    expect(reads.queries - before.queries).toBeLessThanOrEqual(3);
    expect(reads.gets).toBe(before.gets);
    // Names that are no host names are not even waited for.
    const { queries } = reads;
    await judge.isChallengeOpen('not a host');
    expect(reads.queries).toBe(queries);
  });

  it('is known at once where it was opened while another look was under way', async () => {
    const { made, judge, looks } = await watched();
    const held = looks.hold();
    const before = judge.isChallengeOpen('b.example');
    await held.begun;
    await open(made, 'b.example');
    const after = judge.isChallengeOpen('b.example');
    held.release();
    expect(await Promise.all([before, after])).toEqual([false, true]);
  });

  it('is not known where more are open than are kept in mind, too many wait, or the storage fails', async () => {
    const { made, judge, looks } = await watched();
    await open(made, 'b.example');
    looks.limit = 1;
    const told = [await judge.isChallengeOpen('x.example'), await judge.isChallengeOpen('b.example')];
    expect(told).toEqual([undefined, true]);
    looks.limit = 1_000;
    looks.failure = new StorageError('STORAGE_UNAVAILABLE', 'down');
    expect(await codeOf(judge.isChallengeOpen('x.example'))).toBe('STORAGE_UNAVAILABLE');
    looks.failure = undefined;
    expect(await judge.isChallengeOpen('x.example')).toBe(false);
    const held = looks.hold();
    const waiting = Array.from({ length: 10_000 }, (_, at) => judge.isChallengeOpen(`x${at}.example`));
    expect(await judge.isChallengeOpen('late.example')).toBeUndefined();
    // What is known to be open is answered all the same.
    expect(await judge.isChallengeOpen('b.example')).toBe(true);
    await held.begun;
    held.release();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([false]));
  });
});
