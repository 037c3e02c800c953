import { isHostName } from '../../x509/path/host-name.ts';
import { challengeId, type StoredChallenge } from './challenge-records.ts';
import { acmeChallenges } from './collections.ts';
import type { IssuerContext } from './issuer-context.ts';
import { OpenNames } from './open-names.ts';
import { makeTlsAlpnCertificate, type TlsAlpnCertificate } from './tls-alpn-certificate.ts';

/** How many certificates are kept, and for how long, in milliseconds: who asks again and again does not have one made each time. */
const MOST_KEPT = 100;
const KEPT_MS = 1_800_000;

interface Kept {
  readonly certificate: Promise<TlsAlpnCertificate>;
  /** Epoch milliseconds. */
  readonly madeAt: number;
}

/** Answers tls-alpn-01 for the challenges of every instance on the storage. */
export class TlsAlpnResponder {
  readonly #context: Pick<IssuerContext, 'store' | 'crypto' | 'clock'>;
  readonly #openNames: OpenNames;
  readonly #kept = new Map<string, Kept>();

  constructor(context: Pick<IssuerContext, 'store' | 'crypto' | 'clock' | 'sleep'>) {
    this.#context = context;
    this.#openNames = new OpenNames(context);
  }

  /** See `AcmeIssuer.isChallengeOpen`. */
  async isOpen(name: string): Promise<boolean | undefined> {
    return typeof name === 'string' && isHostName(name) ? this.#openNames.has(name.toLowerCase()) : false;
  }

  /** See `AcmeIssuer.tlsAlpnCertificate`. */
  async certificate(name: string): Promise<TlsAlpnCertificate | undefined> {
    if (typeof name !== 'string' || !isHostName(name)) return undefined;
    const serverName = name.toLowerCase();
    // What is open is read each time: another challenge may have come in the place of the one that was seen.
    const id = challengeId({ type: 'tls-alpn-01', token: '', identifier: { type: 'dns', value: serverName } });
    const entry = await this.#context.store.get(acmeChallenges, id);
    if (entry !== undefined) return this.#made(entry.value);
    this.#openNames.forget(serverName);
    return undefined;
  }

  #made(challenge: StoredChallenge): Promise<TlsAlpnCertificate> {
    const key = `${challenge.identifier.value} ${challenge.keyAuthorization}`;
    const now = this.#context.clock.now();
    const kept = this.#kept.get(key);
    if (kept !== undefined && Math.abs(now - kept.madeAt) < KEPT_MS) return kept.certificate;
    const certificate = makeTlsAlpnCertificate(this.#context, challenge);
    this.#kept.delete(key);
    this.#kept.set(key, { certificate, madeAt: now });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(oldest as string);
    certificate.catch(() => this.#kept.delete(key));
    return certificate;
  }
}
