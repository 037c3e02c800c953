import { describe, expect, it } from 'vitest';
import { CertificatePool } from '../../../src/x509/path/certificate-pool.ts';
import { issue } from './path-pki.ts';

const COUNT = 600;

/** A certificate again and again, a number written over the octets from `at` on. */
function variants(der: Uint8Array, at: number): Uint8Array[] {
  return Array.from({ length: COUNT }, (_, number) => {
    const copy = der.slice();
    copy.set(Buffer.from(String(number).padStart(4, '0')), at);
    return copy;
  });
}

async function large(): Promise<Uint8Array> {
  const names = Array.from({ length: 100 }, (_, at) => `n${at}.${'x'.repeat(40)}.example`);
  return (await issue({ subject: 'CN=Large', names })).der;
}

describe('a pool of certificates', () => {
  it.each([2, 4, 5, 40])('holds each of %i once, in the order of their first coming', async (count) => {
    const der = await large();
    const late = Buffer.from(der).lastIndexOf('x.example') - 10;
    const ders = variants(der, late).slice(0, count);
    const { certificates } = new CertificatePool([...ders, ...ders.toReversed(), ...ders]);
    expect(certificates.map((each) => Buffer.from(each.der).toString('hex'))).toEqual(
      ders.map((each) => Buffer.from(each).toString('hex')),
    );
  });

  it('takes no longer where all have one signature and differ but at their end', async () => {
    const der = await large();
    const late = Buffer.from(der).lastIndexOf('x.example') - 10;
    // The least of some: what else the machine does can only add to it.
    const took = (ders: readonly Uint8Array[]) => {
      const turns = Array.from({ length: 5 }, () => {
        const started = performance.now();
        const { certificates } = new CertificatePool(ders);
        const milliseconds = performance.now() - started;
        expect(certificates).toHaveLength(COUNT);
        return milliseconds;
      });
      return Math.min(...turns);
    };
    const [signed, alike] = [variants(der, der.length - 4), variants(der, late)];
    expect(took(alike)).toBeLessThan(5 * took(signed) + 100);
  });
});
