import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCertificate } from '../../src/x509/certificate/certificate.ts';
import { parseCrl, verifyCrlSignature } from '../../src/x509/crl/crl.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { addIntermediate, createTestAuthority, DAY } from '../support/test-authority.ts';
import { publicKeyPem, testKey } from '../support/test-keys.ts';
import { afterQueries, createTestStorage, overriding, storageSize } from '../support/test-storage.ts';

const request = { subjectAltNames: ['a.example'] };
const HOUR = 3_600_000;

async function manySerials(
  authority: Awaited<ReturnType<typeof createTestAuthority>>['authority'],
  count: number,
): Promise<string[]> {
  const publicKey = publicKeyPem(await testKey());
  const results = await authority.issueMany(Array.from({ length: count }, () => ({ ...request, publicKey })));
  return results.map((one) => (one.status === 'fulfilled' ? one.value.serialNumber : 'failed'));
}

describe('the CRL of an intermediate', () => {
  it('is signed by it, for seven days, and says whose it is', async () => {
    const { authority, intermediate, clock } = await createTestAuthority();
    const signed = await authority.crl();
    const crl = parseCrl(signed.pem);
    const issuer = parseCertificate(intermediate.certificatePem as string);
    expect(await verifyCrlSignature(crl, await nodeCrypto().importPublicKey(issuer.spki), nodeCrypto())).toBe(true);
    expect(crl).toMatchObject({ version: 2, size: 0, number: BigInt(signed.number) });
    expect(crl.authorityKeyIdentifier).toEqual({ keyIdentifier: issuer.subjectKeyIdentifier });
    expect([crl.thisUpdate, crl.nextUpdate]).toEqual([signed.thisUpdate, signed.nextUpdate]);
    expect(signed.nextUpdate.getTime()).toBe(clock.now() + 7 * DAY);
    expect(crl.der).toEqual(signed.der);
  });

  it('stays the same, byte for byte, on every instance, until something changes', async () => {
    const { authority, another, clock } = await createTestAuthority();
    const first = await authority.crl();
    clock.advance(DAY);
    expect(await authority.crl()).toEqual(first);
    expect(await another().crl()).toEqual(first);
    const { serialNumber } = await authority.issue(request);
    expect(await another().crl()).toEqual(first);
    await authority.revoke(serialNumber);
    const second = await another().crl();
    expect(second.number).toBeGreaterThan(first.number);
    expect(parseCrl(second.der).find(serialNumber)).toBeDefined();
    expect(await authority.crl()).toEqual(second);
  });

  it('is not changed by what a caller does to the bytes', async () => {
    const { authority } = await createTestAuthority();
    const [first, second] = [await authority.issue(request), await authority.issue(request)];
    await authority.revoke(first.serialNumber);
    (await authority.crl()).der.fill(0);
    await authority.revoke(second.serialNumber);
    const crl = parseCrl((await authority.crl()).der);
    expect([first, second].map(({ serialNumber }) => crl.find(serialNumber) !== undefined)).toEqual([true, true]);
  });

  it('asked of several instances at once is signed once for all: the first to commit it wins', async () => {
    const { authority, another } = await createTestAuthority();
    const { serialNumber } = await authority.issue(request);
    for (const change of [async () => undefined, () => authority.revoke(serialNumber)]) {
      await change();
      const crls = await Promise.all([authority, another(), another(), authority].map((instance) => instance.crl()));
      const numbers = new Set(crls.map(({ number }) => number));
      for (const crl of crls) expect(crl).toEqual(crls.find(({ number }) => number === crl.number));
      // Whoever reads the marks just before and the CRL just after another commits signs once more. Memory leaves no gap.
      expect(numbers.size).toBeLessThanOrEqual(storageSize(1, crls.length));
    }
  });

  it('is signed anew with three days to go', async () => {
    const { authority, clock } = await createTestAuthority();
    const first = await authority.crl();
    clock.advance(4 * DAY - 1);
    expect(await authority.crl()).toEqual(first);
    clock.advance(1);
    const second = await authority.crl();
    expect(second.number).toBeGreaterThan(first.number);
    expect(second.nextUpdate.getTime()).toBe(clock.now() + 7 * DAY);
  });

  it('has numbers that grow within one second and against a clock that goes back', async () => {
    const { authority, clock } = await createTestAuthority();
    const serials = await manySerials(authority, 3);
    const numbers = [(await authority.crl()).number];
    for (const serial of serials) {
      await authority.revoke(serial);
      numbers.push((await authority.crl()).number);
      clock.set(clock.now() - 10_000);
    }
    expect(numbers).toEqual([0, 1, 2, 3].map((step) => (numbers[0] as number) + step));
  });

  it('near the end of its intermediate is not signed at every asking', async () => {
    const { authority, intermediate, clock } = await createTestAuthority({ intermediate: { validityDays: 10 } });
    clock.set((intermediate.notAfter as Date).getTime() - 2 * DAY);
    const last = await authority.crl();
    expect(last.nextUpdate).toEqual(intermediate.notAfter);
    clock.advance(HOUR);
    expect(await authority.crl()).toEqual(last);
    clock.set((intermediate.notAfter as Date).getTime() - HOUR);
    const again = await authority.crl();
    expect(again.nextUpdate.getTime()).toBe(clock.now() + DAY);
    expect(await authority.crl()).toEqual(again);
  });

  it('keeps a revoked certificate until one CRL after its expiry', async () => {
    const { authority, clock } = await createTestAuthority();
    const { serialNumber, notAfter } = await authority.issue({ ...request, validity: { days: 10 } });
    await authority.revoke(serialNumber);
    const isListed = async () => parseCrl((await authority.crl()).der).find(serialNumber) !== undefined;
    expect(await isListed()).toBe(true);
    clock.set(notAfter.getTime());
    expect(await isListed()).toBe(true);
    clock.advance(4 * DAY);
    expect(await isListed()).toBe(true);
    clock.advance(4 * DAY);
    expect(await isListed()).toBe(false);
    expect((await authority.get(serialNumber)).status).toBe('revoked');
  });

  it('shows a revocation that no CRL has shown yet when the certificate has expired meanwhile', async () => {
    const { authority, clock } = await createTestAuthority();
    const { serialNumber, notAfter } = await authority.issue({ ...request, validity: { days: 1 } });
    await authority.crl();
    await authority.revoke(serialNumber);
    clock.set(notAfter.getTime() + 10 * DAY);
    expect(parseCrl((await authority.crl()).der).find(serialNumber)).toBeDefined();
  });

  it('holds thousands, each with its reason, though few are cleared away in one commit', async () => {
    const { authority, another } = await createTestAuthority();
    const count = storageSize(1_500, 300);
    const serials = await manySerials(authority, count);
    const instances = [authority, another()];
    await Promise.all(
      serials.map((serial, at) =>
        instances[at % 2]?.revoke(serial, { reason: at % 3 === 0 ? 'certificateHold' : 'superseded' }),
      ),
    );
    const signed = await authority.crl();
    const crl = parseCrl(signed.der);
    expect(crl.size).toBe(count);
    expect(
      serials.every((serial, at) => crl.find(serial)?.reason === (at % 3 === 0 ? 'certificateHold' : 'superseded')),
    ).toBe(true);
    // Nothing is left to be shown: the next one is the same.
    expect(await another().crl()).toEqual(signed);
  });
});

describe('several intermediates', () => {
  it('each have a CRL of their own; without an id the question is ambiguous', async () => {
    const { authority, intermediate, root, clock } = await createTestAuthority();
    const { serialNumber } = await authority.issue(request);
    clock.advance(1_000);
    const second = await addIntermediate(authority, root);
    await authority.revoke(serialNumber);
    expect(await rejection(authority.crl())).toMatchObject({
      code: 'INTERMEDIATE_AMBIGUOUS',
      facts: { intermediates: [second.id, intermediate.id] },
    });
    expect(parseCrl((await authority.crl({ intermediate: intermediate.id })).der).size).toBe(1);
    expect(parseCrl((await authority.crl({ intermediate: second.id })).der).size).toBe(0);
    expect(await codeOf(authority.crl({ intermediate: 'nobody' }))).toBe('INTERMEDIATE_NOT_FOUND');
  });

  it('and the roots are in one bundle, without those that have expired', async () => {
    const { authority, intermediate, root, clock } = await createTestAuthority();
    await authority.installRootCrl((await root.crl({ nextUpdateDays: 3650 })).crl.der);
    clock.advance(1_000);
    const brief = await addIntermediate(authority, root, { validityDays: 3 });
    const own = await Promise.all(
      [brief, intermediate].map(async ({ id }) => (await authority.crl({ intermediate: id })).pem),
    );
    const bundle = await authority.crlBundlePem();
    const blocks = bundle.match(/-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----\n/g) ?? [];
    expect(blocks.slice(1)).toEqual(own);
    expect(parseCrl(blocks[0] as string).issuer.toString()).toBe('CN=Test Root CA,O=Test');
    expect(blocks.join('')).toBe(bundle);
    clock.set((brief.notAfter as Date).getTime() + 1);
    expect((await authority.crlBundlePem()).match(/BEGIN/g)).toHaveLength(2);
  });
});

describe('CRLs asked for while certificates are being revoked', () => {
  it('show a hold that becomes a revocation between two readings of the ledger', async () => {
    const clock = new VirtualClock();
    const stored = createTestStorage(clock);
    const { authority, another } = await createTestAuthority({ clock, storage: stored.storage });
    const { serialNumber } = await authority.issue(request);
    await authority.revoke(serialNumber, { reason: 'certificateHold' });
    let readings = 0;
    const storage = afterQueries(stored.another(), async ({ collection }) => {
      if (collection !== 'authority_certificates') return;
      readings += 1;
      if (readings === 1) await authority.revoke(serialNumber, { reason: 'keyCompromise' });
    });
    const crl = parseCrl((await another({ storage }).crl()).der);
    expect(readings).toBe(2);
    expect(crl.size).toBe(1);
    expect(crl.find(serialNumber)?.reason).toBe('keyCompromise');
  });

  it('never lose a revocation: each CRL shows all that were acknowledged before it was asked for', async () => {
    const { authority, another } = await createTestAuthority();
    const instances = [authority, another(), another()];
    const serials = await manySerials(authority, 60);
    const acknowledged = new Set<string>();
    const seen: { number: number; missing: string[] }[] = [];
    const revoking = serials.map(async (serial, at) => {
      for (let turn = 0; turn < at; turn++) await Promise.resolve();
      // Half of them are first held: a hold that becomes a revocation must not be missed in between.
      if (at % 2 === 0) {
        await instances[at % 3]?.revoke(serial, { reason: 'certificateHold' });
        acknowledged.add(serial);
      }
      await instances[(at + 1) % 3]?.revoke(serial, { reason: 'keyCompromise' });
      acknowledged.add(serial);
    });
    const asking = instances.map(async (instance) => {
      while (acknowledged.size < serials.length) {
        const before = [...acknowledged];
        const { der, number } = await instance.crl();
        const crl = parseCrl(der);
        seen.push({ number, missing: before.filter((serial) => crl.find(serial) === undefined) });
      }
    });
    await Promise.all([...revoking, ...asking]);
    expect(seen.length).toBeGreaterThanOrEqual(instances.length);
    expect(seen.filter(({ missing }) => missing.length > 0)).toEqual([]);
    const last = parseCrl((await authority.crl()).der);
    expect(last.size).toBe(60);
    expect(serials.every((serial) => last.find(serial)?.reason === 'keyCompromise')).toBe(true);
  });

  it('shows every revocation from before it was asked for, also while another instance signs the next one', async () => {
    const clock = new VirtualClock();
    const stored = createTestStorage(clock);
    let meanwhile: () => Promise<unknown> = async () => undefined;
    const storage = overriding(stored.storage, {
      get: async (refs, options) => {
        const found = await stored.storage.get(refs, options);
        const act = meanwhile;
        if (refs[0]?.collection === 'authority_crls') {
          meanwhile = async () => undefined;
          await act();
        }
        return found;
      },
    });
    const { authority, another } = await createTestAuthority({ clock, storage });
    const other = another({ storage: stored.another() });
    const { serialNumber } = await authority.issue(request);
    await authority.crl();
    await authority.revoke(serialNumber);
    meanwhile = () => other.crl();
    expect(parseCrl((await authority.crl()).der).find(serialNumber)).toBeDefined();
  });

  it.each([{}, { delta: true }])('that a clock of the future has signed is replaced at once: %o', async (options) => {
    const clock = new VirtualClock();
    const { authority, another } = await createTestAuthority({ clock });
    const { serialNumber } = await authority.issue({ ...request, validity: { days: 20 } });
    await authority.crl(options);
    await authority.revoke(serialNumber);
    const numbers = [(await authority.crl(options)).number];
    // The second one no longer lists what has ended by its clock.
    for (const days of [30, 35])
      numbers.push((await another({ clock: { now: () => clock.now() + days * DAY } }).crl(options)).number);
    const crl = await authority.crl(options);
    numbers.push(crl.number);
    expect(crl.thisUpdate.getTime()).toBe(clock.now());
    expect(parseCrl(crl.der).find(serialNumber)).toBeDefined();
    expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other));
    expect(await authority.crl(options)).toEqual(crl);
  });

  it('keeps a revoked certificate that is still valid, though a clock that was ahead signed the last one', async () => {
    const clock = new VirtualClock();
    const { authority, another } = await createTestAuthority({ clock });
    const { serialNumber } = await authority.issue({ ...request, validity: { hours: 1 } });
    await another({ clock: { now: () => clock.now() + 2 * HOUR } }).crl();
    await authority.revoke(serialNumber);
    expect(parseCrl((await authority.crl()).der).find(serialNumber)).toBeDefined();
  });
});
