import { type CertificateManager, type CreateCertificateOptions, PolicyError } from '@chancery/core';
import { briefly, type Pace } from '../pace.ts';
import { hostName } from './names.ts';

/** Lifetimes in days, so that the ends are spread. */
const LIFETIMES = [90, 60, 30, 90, 180, 45, 90, 14, 365, 75];
/** So many are asked for at once. */
const CONCURRENCY = 16;

/** Makes certificates in every state that there is, and as many more as are asked for. */
export async function makeCertificates(
  certificates: CertificateManager,
  { count, pace, accountId }: { count: number; pace: Pace; accountId: string },
): Promise<void> {
  if (count === 0) return;
  await makeSpecimens(certificates, pace, accountId);
  const numbers = Array.from({ length: Math.max(0, count - SPECIMENS) }, (_, index) => index);
  const workers = Array.from({ length: CONCURRENCY }, async () => {
    for (let index = numbers.pop(); index !== undefined; index = numbers.pop()) {
      await certificates.create(ordinary(index));
    }
  });
  await Promise.all(workers);
}

/** How many {@link makeSpecimens} makes. */
const SPECIMENS = 10;

async function makeSpecimens(certificates: CertificateManager, pace: Pace, accountId: string): Promise<void> {
  const names = (host: string) => ({ subjectAltNames: [host] });
  // These are renewed while somebody watches, one after another.
  for (const [at, host] of ['edge.example', 'gateway.internal', 'broker.internal'].entries()) {
    const lifetimeMs = pace.lifetimeMs * (1 + at / 6);
    await certificates.create({ ...names(host), validity: briefly({ ...pace, lifetimeMs }) });
  }
  await certificates.create({
    ...names('legacy.example'),
    name: 'Legacy shop',
    validity: { days: 20 },
    autoRenew: false,
  });
  await certificates.create({ ...names('kiosk.example'), validity: { days: 5 }, autoRenew: false });
  await certificates.create({ subjectAltNames: ['www.ann.example', 'ann.example'], name: 'Ann’s site', accountId });

  const leaked = await certificates.create({ ...names('leaked.example'), validity: { days: 60 } });
  await certificates.revoke(leaked.id, { reason: 'keyCompromise' });
  // It ends within seconds, and nobody renews it.
  await certificates.create({ ...names('forgotten.example'), validity: { hours: 3 / 3_600 }, autoRenew: false });
  await certificates.create({ ...names('partner.example'), issuer: 'partner', wait: false });
  await certificates.create(names('vault.forbidden.example')).catch((error: unknown) => {
    // It is kept as failed, which is what is to be seen.
    if (!(error instanceof PolicyError)) throw error;
  });
}

function ordinary(index: number): CreateCertificateOptions {
  const host = hostName(index);
  const days = LIFETIMES[index % LIFETIMES.length] ?? 90;
  return {
    subjectAltNames: index % 4 === 0 ? [host, `www.${host}`] : [host],
    validity: { days },
    ...(index % 5 === 0 ? { keyAlgorithm: 'Ed25519' as const } : {}),
  };
}
