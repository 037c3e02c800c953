import {
  AcmeIssuer,
  type AcmeIssuerOptions,
  type CertificateRequest,
  type CertificateRequestResult,
  type ChallengeSolver,
  http01,
  LocalKeyring,
  type PrivateKey,
  type StorageBackend,
} from '../../src/index.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { testCsr, testKey } from './test-keys.ts';
import { createTestStorage } from './test-storage.ts';

/** An issuer on a storage of its own, and how to make further instances of it. */
export interface TestIssuer {
  readonly issuer: AcmeIssuer;
  readonly storage: StorageBackend;
  another(changed?: Partial<AcmeIssuerOptions>): AcmeIssuer;
}

/** Makes an issuer. `directory` and `trustAnchorsPem` or `fetch` say where it goes. */
export function createTestIssuer(options: Partial<AcmeIssuerOptions>): TestIssuer {
  const clock: Clock = options.clock ?? systemClock;
  const stored = createTestStorage(clock);
  const storage = options.storage ?? stored.storage;
  const settings: AcmeIssuerOptions = {
    directory: 'https://acme.test/directory',
    email: 'ops@example.com',
    termsOfServiceAgreed: true,
    solvers: [http01()] satisfies ChallengeSolver[],
    keyring: LocalKeyring.generate(),
    ...options,
    storage,
  };
  return {
    issuer: new AcmeIssuer(settings),
    storage,
    another: (changed = {}) =>
      new AcmeIssuer({ ...settings, storage: options.storage === undefined ? stored.another() : storage, ...changed }),
  };
}

/** A request of the `Issuer` port for names, by the shared test key unless another is given. */
export async function requestFor(
  names: readonly string[],
  options: Partial<CertificateRequest> & { readonly key?: PrivateKey } = {},
): Promise<CertificateRequest> {
  const { key = await testKey(), ...rest } = options;
  return {
    requestId: `request for ${names.join()}`,
    csrDer: await testCsr({ names, key }),
    subjectAltNames: names,
    ...rest,
  };
}

/** Asks until the certificate is there; by a virtual clock time passes between. */
export async function issueBy(clock: VirtualClock, issuer: AcmeIssuer, request: CertificateRequest): Promise<string> {
  for (let asked = 0; asked < 50; asked++) {
    const result = await issuer.requestCertificate(request);
    if ('chainPem' in result) return result.chainPem;
    clock.advance(Math.max(result.retryAt.getTime() - clock.now(), 0));
  }
  throw new Error('it never ends');
}

/** Asks until the certificate is there. */
export async function untilIssued(issuer: AcmeIssuer, request: CertificateRequest): Promise<string> {
  for (let asked = 0; asked < 600; asked++) {
    const result: CertificateRequestResult = await issuer.requestCertificate(request);
    if ('chainPem' in result) return result.chainPem;
    const wait = Math.min(Math.max(result.retryAt.getTime() - Date.now(), 0), 1_000);
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
  throw new Error('the certificate does not come');
}
