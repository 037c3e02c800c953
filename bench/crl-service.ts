import { CertificateAuthority, LocalKeyring, nodeCrypto, type StorageBackend } from '@chancery/core';
import { MemoryStorage } from '@chancery/storage-memory';
import { crls, ledger } from '../packages/core/src/authority/collections.ts';
import { shardOf } from '../packages/core/src/authority/crl/crl-scope.ts';
import { toHex } from '../packages/core/src/encoding/hex.ts';
import { systemClock } from '../packages/core/src/ports/system-clock.ts';
import { Store } from '../packages/core/src/store/store.ts';
import { parseCrl } from '../packages/core/src/x509/crl/crl.ts';
import { inProcess } from './harness/contestant.ts';
import { type Goal, timeAtMost } from './harness/goal.ts';
import { race } from './harness/race.ts';
import { revokedEntries } from './workload/crl-entries.ts';

const SIZE = 100_000;
const SHARDS = 16;
/** More revocations than any run makes. */
const POOL = 3_000;
const DAY = 86_400_000;

const FIRST = 'complete, from the ledger';
const NEXT = 'complete, after one revocation';
const DELTA = 'delta, after one revocation';
const SHARD = `complete, one of ${SHARDS} shards, after one revocation`;

/** Goal 6, the CRL service whole: what a revocation costs once 100,000 certificates are revoked, ledger and storage included. */
export const crlServiceGoal: Goal = async (context) => {
  const size = context.quick ? SIZE / 10 : SIZE;
  const pool = context.quick ? POOL / 10 : POOL;
  const whole = await createService(size, pool, 1);
  const sharded = await createService(size, pool, SHARDS);
  const pace = { count: 1, rounds: context.rounds };
  const entrants = [
    inProcess(
      FIRST,
      async () => {
        await whole.forget();
        await whole.authority.crl();
      },
      { pace },
    ),
    inProcess(NEXT, (count) => whole.revokeAnd(count, () => whole.authority.crl()), { pace }),
    inProcess(DELTA, (count) => whole.revokeAnd(count, () => whole.authority.crl({ delta: true })), { pace }),
    inProcess(SHARD, (count) => sharded.revokeAnd(count, (shard) => sharded.authority.crl({ shard })), { pace }),
  ];
  await whole.authority.crl({ delta: true });
  for (let shard = 0; shard < SHARDS; shard++) await sharded.authority.crl({ shard });
  const listed = parseCrl((await whole.authority.crl()).der).size;
  if (listed !== size) throw new Error(`the CRL lists ${listed} certificates, not ${size}`);
  const result = await race(entrants, context);
  return {
    title: `Goal 6 (service half): CRLs of ${size.toLocaleString('en')} revoked certificates, on memory storage`,
    tables: [
      { title: 'from one revocation to the CRL that shows it', unit: 'duration', base: NEXT, lanes: result.lanes },
    ],
    verdicts: [
      timeAtMost(0.4, FIRST, result.ratio(FIRST, NEXT)),
      timeAtMost(0.5, `${NEXT}: the delta`, result.ratio(NEXT, DELTA)),
      timeAtMost(0.5, `${NEXT}: one of ${SHARDS} shards`, result.ratio(NEXT, SHARD)),
    ],
    notes: ['a delta CRL grows with the revocations of its window, one with each slice here'],
  };
};

/** An authority whose ledger holds revoked certificates, and some that are yet to be. */
async function createService(size: number, pool: number, crlShards: number) {
  const storage = new MemoryStorage();
  const authority = new CertificateAuthority({
    storage,
    keyring: LocalKeyring.generate(),
    baseUrl: 'http://bench.example',
  });
  const { root, intermediate } = await authority.bootstrap({
    organization: 'Bench',
    passphrase: 'the bench has nothing to hide',
    saveRoot: async () => undefined,
    crlShards,
  });
  root.close();
  const store = await fill(storage, intermediate.id, size, crlShards);
  const publicKey = (await nodeCrypto().generateKey('ECDSA-P256')).publicKey.spki;
  const requests = Array.from({ length: pool }, () => ({ publicKey, subjectAltNames: ['a.example'] }));
  const issued = (await authority.issueMany(requests)).map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value.serialNumber;
  });
  return {
    authority,
    forget: () => store.commit([store.delete(crls, intermediate.id)]),
    async revokeAnd(count: number, then: (shard: number) => Promise<unknown>): Promise<void> {
      for (let i = 0; i < count; i++) {
        const serialNumber = issued.pop();
        if (serialNumber === undefined) throw new Error('no certificate is left to be revoked');
        await authority.revoke(serialNumber);
        await then(shardOf(Buffer.from(serialNumber, 'hex'), crlShards) ?? 0);
      }
    },
  };
}

/** Writes revoked certificates into the ledger as it keeps them: issuing them first would take minutes. */
async function fill(storage: StorageBackend, intermediate: string, size: number, crlShards: number): Promise<Store> {
  const store = new Store({ storage, crypto: nodeCrypto(), clock: systemClock, collections: [ledger, crls] });
  const now = Date.now();
  let writes = [];
  for (const { serialNumber: serial, revokedAt, reason } of revokedEntries(size)) {
    const serialNumber = toHex(serial);
    const crlShard = shardOf(serial, crlShards);
    const value = {
      authority: 'internal',
      serialNumber,
      intermediate,
      ...(crlShard === undefined ? {} : { crlShard }),
      profile: 'server',
      subject: '',
      subjectAltNames: ['a.example'],
      notBefore: revokedAt - DAY,
      notAfter: now + 90 * DAY,
      issuedAt: revokedAt - DAY,
      sha256Fingerprint: serialNumber,
      state: 'revoked' as const,
      revision: 2,
      revokedAt,
      ...(reason === undefined ? {} : { reason }),
    };
    writes.push(store.put(ledger, `internal/${serialNumber}`, value, { ifVersion: null, bytes: serial }));
    if (writes.length < 200) continue;
    await store.commit(writes);
    writes = [];
  }
  if (writes.length > 0) await store.commit(writes);
  return store;
}
