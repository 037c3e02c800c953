import { describe, expect, it } from 'vitest';
import type { CertificateAuthority, IssuedCertificate, SignedCrl } from '../../src/index.ts';
import { SeededRandom } from '../../src/testing/random.ts';
import { parseCertificate } from '../../src/x509/certificate/certificate.ts';
import { parseCrl } from '../../src/x509/crl/crl.ts';
import { crlJudge } from '../support/crl-judge.ts';
import { seededCrypto } from '../support/seeded-crypto.ts';
import { seed, soakSize } from '../support/soak.ts';
import { createTestAuthority, DAY } from '../support/test-authority.ts';
import { publicKeyPem, testKey } from '../support/test-keys.ts';
import { storageSize } from '../support/test-storage.ts';

const HOUR = 3_600_000;

/** One scope as a relying party knows it: every complete CRL that was ever published. */
interface Publication {
  readonly options: { readonly shard?: number };
  readonly complete: SignedCrl[];
  readonly numbers: Map<number, number>;
  /** Of the first delta CRL: complete CRLs from before are nobody's base. */
  firstBase?: number;
}

function shardOf({ certificatePem }: IssuedCertificate): number {
  const [point] = parseCertificate(certificatePem).crlDistributionPoints ?? [];
  const name = point?.distributionPoint;
  const url = name !== undefined && 'fullName' in name ? String(name.fullName[0]?.value) : '';
  return Number(/-(\d+)\.crl$/.exec(url)?.[1] ?? 0);
}

/** Numbers grow with time, and two CRLs share one only if they are of one instant (RFC 5280 section 5.2.4). */
function expectNumbers({ numbers }: Publication, { number, thisUpdate }: SignedCrl): void {
  const known = numbers.get(number);
  if (known !== undefined) expect(known).toBe(thisUpdate.getTime());
  numbers.set(number, thisUpdate.getTime());
  for (const [other, at] of numbers) if (at < thisUpdate.getTime()) expect(other).toBeLessThan(number);
}

async function play(run: number): Promise<void> {
  const random = new SeededRandom(run);
  const crlShards = random.pick([1, 1, 3]);
  // Serial numbers, and with them the shards, are drawn from the seed.
  const { authority, another, clock } = await createTestAuthority({
    crls: { crlShards },
    crypto: seededCrypto(random),
  });
  const instances: readonly CertificateAuthority[] = [authority, another(), another()];
  const judge = await crlJudge(authority, clock);
  const publicKey = publicKeyPem(await testKey());
  const issued: IssuedCertificate[] = [];
  const expired = new Map<string, 'owed' | 'paid'>();
  const publications: Publication[] = Array.from({ length: crlShards }, (_, shard) => ({
    options: crlShards === 1 ? {} : { shard },
    complete: [],
    numbers: new Map(),
  }));
  const any = () => random.pick(instances);

  const publish = async (publication: Publication, shard: number): Promise<void> => {
    const crl = await any().crl(publication.options);
    expectNumbers(publication, crl);
    if (publication.complete.at(-1)?.number !== crl.number) publication.complete.push(crl);
    const parsed = parseCrl(crl.der);
    for (const one of issued) {
      if (shardOf(one) !== shard) continue;
      const { status } = await authority.get(one.serialNumber);
      const listed = parsed.find(one.serialNumber) !== undefined;
      const hasEnded = one.notAfter.getTime() < clock.now();
      if (!hasEnded) expect(listed).toBe(status === 'revoked' || status === 'onHold');
      // What was revoked before it ended is on one CRL that was issued after its end (RFC 5280 section 5).
      const isFinal = one.notAfter.getTime() < crl.thisUpdate.getTime();
      if (expired.get(one.serialNumber) === 'owed' && isFinal) {
        expect(listed).toBe(true);
        expired.set(one.serialNumber, 'paid');
      }
    }
  };

  const compare = async (publication: Publication, shard: number): Promise<void> => {
    const delta = await any().crl({ ...publication.options, delta: true });
    expectNumbers(publication, delta);
    publication.firstBase ??= delta.baseNumber as number;
    const { complete, firstBase } = publication;
    const usable = complete.filter((crl) => crl.nextUpdate.getTime() >= clock.now() && crl.number >= firstBase);
    if (usable.length === 0) return;
    for (const { number } of usable) expect(number).toBeGreaterThanOrEqual(delta.baseNumber as number);
    const base = random.pick(usable);
    for (const one of issued) {
      if (shardOf(one) !== shard || one.notAfter.getTime() < clock.now()) continue;
      const { status } = await authority.get(one.serialNumber);
      expect(await judge(one, [base.der, delta.der])).toBe(status === 'valid' ? 'good' : 'revoked');
    }
  };

  for (let step = 0; step < 40; step++) {
    const dice = random.integer(0, 11);
    const one = issued.length === 0 ? undefined : random.pick(issued);
    const shard = random.integer(0, crlShards - 1);
    const publication = publications[shard] as Publication;
    if (dice < 3 || one === undefined) {
      const days = random.integer(8, 30);
      issued.push(await any().issue({ subjectAltNames: ['a.example'], publicKey, validity: { days } }));
    } else if (dice < 6) {
      const { status } = await authority.get(one.serialNumber);
      const reason = random.pick(['certificateHold', 'keyCompromise', 'superseded'] as const);
      if (status === 'onHold' && random.chance(0.6)) {
        await any().release(one.serialNumber);
        expired.delete(one.serialNumber);
      } else if (status !== 'revoked' && !(status === 'onHold' && reason === 'certificateHold')) {
        await any().revoke(one.serialNumber, { reason });
        if (one.notAfter.getTime() >= clock.now()) expired.set(one.serialNumber, 'owed');
      }
    } else if (dice < 8) clock.advance(random.integer(1, 30) * HOUR);
    else if (dice < 9) clock.advance(random.integer(1, 5) * DAY);
    else if (dice < 10) await publish(publication, shard);
    else await compare(publication, shard);
  }
  for (const [shard, publication] of publications.entries()) {
    await publish(publication, shard);
    await compare(publication, shard);
  }
}

describe('random histories of issuing, holding, releasing, revoking and expiring', () => {
  const runs = soakSize(storageSize(20, 3), 20_000);
  const first = seed(40_901);

  it(`are told alike by the ledger, by complete CRLs, and by any base with the delta CRL, seeds ${first} to ${first + runs - 1}`, {
    timeout: soakSize(120_000, 86_400_000),
  }, async () => {
    for (let run = first; run < first + runs; run++) {
      try {
        await play(run);
      } catch (cause) {
        throw new Error(`Seed ${run}: repeat with CHANCERY_SEED=${run}`, { cause });
      }
    }
  });
});
