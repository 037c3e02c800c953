import { describe, expect, it } from 'vitest';
import { OfflineRoot } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCrl } from '../../src/x509/crl/crl.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { DAY, PASSPHRASE } from '../support/test-authority.ts';
import { testCsr } from '../support/test-keys.ts';

async function rootWithIntermediate() {
  const clock = new VirtualClock();
  const { root } = await OfflineRoot.create({ subject: 'CN=Root', passphrase: PASSPHRASE, clock });
  const { file } = await root.signIntermediate(await testCsr({ subject: 'CN=Sub' }));
  const serialNumber = root.issued[0]?.serialNumber as string;
  return { clock, root, file, serialNumber };
}

describe('the CRL of an offline root', () => {
  it('names the revoked, with reason and date, and its own number', async () => {
    const { clock, root, serialNumber } = await rootWithIntermediate();
    const empty = (await root.crl()).crl;
    expect(parseCrl(empty.der).size).toBe(0);
    clock.advance(DAY);
    await root.revokeIntermediate(serialNumber.toUpperCase(), { reason: 'keyCompromise' });
    clock.advance(DAY);
    const { crl } = await root.crl({ nextUpdateDays: 30 });
    const read = parseCrl(crl.pem);
    expect(read.find(serialNumber)).toMatchObject({ reason: 'keyCompromise', revokedAt: new Date(clock.now() - DAY) });
    expect(read.number).toBe(BigInt(crl.number));
    expect(crl.number).toBeGreaterThan(empty.number);
    expect(crl.thisUpdate.getTime()).toBe(clock.now());
    expect(crl.nextUpdate.getTime()).toBe(clock.now() + 30 * DAY);
    expect(read.nextUpdate).toEqual(crl.nextUpdate);
  });

  it('has a number that grows within one second, with the seconds, and against a clock that goes back', async () => {
    const { clock, root } = await rootWithIntermediate();
    const numbers: number[] = [];
    for (const step of [0, 0, 5_000, -3_600_000, 0]) {
      clock.set(clock.now() + step);
      numbers.push((await root.crl()).crl.number);
    }
    const first = numbers[0] as number;
    expect(first).toBe((clock.now() + 3_595_000) / 1000);
    expect(numbers).toEqual([first, first + 1, first + 5, first + 6, first + 7]);
  });

  it('does not repeat a number from an old file, once the clock has moved on', async () => {
    const { clock, root, file: old } = await rootWithIntermediate();
    const newest = (await root.crl()).crl.number;
    clock.advance(1_000);
    const reopened = await OfflineRoot.open(old, PASSPHRASE, { clock });
    expect((await reopened.crl()).crl.number).toBeGreaterThan(newest);
  });

  it.each([0, 3651, 1.5, Number.NaN])('refuses %d days until the next', async (nextUpdateDays) => {
    const { root } = await rootWithIntermediate();
    const before = root.revision;
    expect(await codeOf(root.crl({ nextUpdateDays }))).toBe('INVALID_ARGUMENT');
    expect(root.revision).toBe(before);
  });
});

describe('revoking an intermediate at the root', () => {
  it('refuses what it did not sign, what is revoked, and reasons that are none', async () => {
    const { root, serialNumber } = await rootWithIntermediate();
    expect(await codeOf(root.revokeIntermediate('00'))).toBe('CERTIFICATE_NOT_FOUND');
    expect(await codeOf(root.revokeIntermediate('constructor'))).toBe('CERTIFICATE_NOT_FOUND');
    expect(await codeOf(root.revokeIntermediate(undefined as unknown as string))).toBe('CERTIFICATE_NOT_FOUND');
    expect(await codeOf(root.revokeIntermediate(serialNumber, { reason: 'removeFromCRL' }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(root.revokeIntermediate(serialNumber, { reason: 'bad luck' as 'superseded' }))).toBe(
      'INVALID_ARGUMENT',
    );
    await root.revokeIntermediate(serialNumber);
    expect(await rejection(root.revokeIntermediate(serialNumber))).toMatchObject({
      code: 'ALREADY_REVOKED',
      facts: { serialNumber },
    });
  });

  it('holds, releases, and turns a hold into a revocation that keeps its date', async () => {
    const { clock, root, serialNumber } = await rootWithIntermediate();
    const held = clock.now();
    await root.revokeIntermediate(serialNumber, { reason: 'certificateHold' });
    expect(await codeOf(root.revokeIntermediate(serialNumber, { reason: 'certificateHold' }))).toBe('ALREADY_REVOKED');
    await root.releaseIntermediate(serialNumber);
    expect(parseCrl((await root.crl()).crl.der).size).toBe(0);
    expect(await codeOf(root.releaseIntermediate(serialNumber))).toBe('NOT_ON_HOLD');
    await root.revokeIntermediate(serialNumber, { reason: 'certificateHold' });
    clock.advance(DAY);
    await root.revokeIntermediate(serialNumber, { reason: 'cACompromise' });
    expect(root.issued[0]).toMatchObject({ reason: 'cACompromise', revokedAt: new Date(held) });
    expect(await codeOf(root.releaseIntermediate(serialNumber))).toBe('NOT_ON_HOLD');
  });
});

describe('changes of an offline root', () => {
  it('run one after another: each has its own revision, and the last file holds them all', async () => {
    const { clock, root } = await rootWithIntermediate();
    const csr = await testCsr({ subject: 'CN=Sub' });
    const changes = await Promise.all([
      root.signIntermediate(csr),
      root.crl(),
      root.signIntermediate(csr),
      root.crl(),
      root.signIntermediate(csr),
    ]);
    expect(root.revision).toBe(7);
    const revisions = [];
    for (const { file } of changes) revisions.push((await OfflineRoot.open(file, PASSPHRASE, { clock })).revision);
    expect(revisions).toEqual([3, 4, 5, 6, 7]);
    const last = await OfflineRoot.open((changes[4] as { file: Uint8Array }).file, PASSPHRASE, { clock });
    expect(last.issued).toEqual(root.issued);
    expect(new Set(last.issued.map(({ serialNumber }) => serialNumber)).size).toBe(4);
    const [first, second] = [changes[1], changes[3]].map(
      (change) => (change as { crl: { number: number } }).crl.number,
    );
    expect(second).toBe((first as number) + 1);
  });

  it('go on after one that was refused', async () => {
    const { root } = await rootWithIntermediate();
    const [refused, done] = await Promise.allSettled([root.revokeIntermediate('00'), root.crl()]);
    expect(refused.status).toBe('rejected');
    expect(done.status).toBe('fulfilled');
  });

  it('never use a nonce twice', async () => {
    const { root, file } = await rootWithIntermediate();
    const files = [file, (await root.crl()).file, (await root.crl()).file];
    const nonces = files.map((each) => (JSON.parse(new TextDecoder().decode(each)) as { nonce: string }).nonce);
    expect(new Set(nonces).size).toBe(3);
  });

  it('are refused once it is closed; the one that runs is finished', async () => {
    const { clock, root, serialNumber } = await rootWithIntermediate();
    const running = root.crl();
    const queued = root.crl();
    await Promise.resolve();
    root.close();
    const { file } = await running;
    expect(await codeOf(queued)).toBe('ABORTED');
    for (const change of [
      () => root.crl(),
      () => root.revokeIntermediate(serialNumber),
      () => root.signIntermediate(''),
    ]) {
      expect(await codeOf(change())).toBe('ABORTED');
    }
    expect(root.certificatePem).toContain('BEGIN CERTIFICATE');
    await expect(OfflineRoot.open(file, PASSPHRASE, { clock })).resolves.toMatchObject({ revision: 3 });
  });
});
