import { expect } from 'vitest';
import { type CertificateAuthority, ChanceryError, type EventLog, type IssuedCertificate } from '../../src/index.ts';

/** Success, or an error of the SDK's own: anything else fails the test. */
export async function settled<T>(work: Promise<T>): Promise<{ readonly value?: T; readonly error?: ChanceryError }> {
  try {
    return { value: await work };
  } catch (error) {
    if (error instanceof ChanceryError) return { error };
    throw error;
  }
}

/**
 * What must hold at any time: each ledger entry has the events of all its revisions, each event an entry, and no certificate is
 * outside.
 *
 * @returns how many certificates the ledger holds
 */
export async function expectAgreement(
  judge: CertificateAuthority,
  events: EventLog,
  handedOut: readonly IssuedCertificate[],
): Promise<number> {
  const { items } = await judge.list({ limit: 1000 });
  const told = (await events.pending({ limit: 1000 })).items;
  const expected = items.flatMap(({ serialNumber, status }) =>
    status === 'valid' ? [`${serialNumber}/1`] : [`${serialNumber}/1`, `${serialNumber}/2`],
  );
  expect(told.map(({ subject, subjectRevision }) => `${subject}/${subjectRevision}`).sort()).toEqual(expected.sort());
  const ledger = new Map(items.map((record) => [record.serialNumber, record.certificatePem]));
  for (const { serialNumber, certificatePem } of handedOut) expect(ledger.get(serialNumber)).toBe(certificatePem);
  return items.length;
}
