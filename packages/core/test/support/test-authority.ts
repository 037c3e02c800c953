import {
  CertificateAuthority,
  type CertificateAuthorityOptions,
  type Clock,
  EventLog,
  type InstallIntermediateOptions,
  type Intermediate,
  type KeyAlgorithm,
  type Keyring,
  LocalKeyring,
  OfflineRoot,
  type SignIntermediateOptions,
  type StorageBackend,
} from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { createTestStorage } from './test-storage.ts';

/** Long enough for every check. */
export const PASSPHRASE = 'correct horse battery staple';
export const BASE_URL = 'http://pki.example/pki';
export const DAY = 86_400_000;

/**
 * One root, which costs half a second to make, serves all tests of a process. It is made at the instant at which virtual clocks begin, whichever
 * test comes first, and follows the clock of the test that runs from then on.
 */
let rootClock = new VirtualClock();
let shared: Promise<OfflineRoot> | undefined;

/** The root that the test authorities of this process stand under. */
export function sharedRoot(): Promise<OfflineRoot> {
  shared ??= makeRoot();
  return shared;
}

async function makeRoot(): Promise<OfflineRoot> {
  let clock: Clock = new VirtualClock();
  const { root } = await OfflineRoot.create({
    subject: 'CN=Test Root CA,O=Test',
    passphrase: PASSPHRASE,
    clock: { now: () => clock.now() },
  });
  clock = { now: () => rootClock.now() };
  return root;
}

export type TestCrlOptions = Pick<InstallIntermediateOptions, 'crlShards' | 'deltaCrls'>;

export interface TestAuthorityOptions
  extends Partial<Omit<CertificateAuthorityOptions, 'clock' | 'events' | 'storage'>> {
  readonly clock?: VirtualClock;
  readonly storage?: StorageBackend;
  /** How the root signs the intermediate. */
  readonly intermediate?: SignIntermediateOptions;
  readonly intermediateKey?: KeyAlgorithm;
  /** How the intermediate publishes its CRLs. */
  readonly crls?: TestCrlOptions;
  readonly root?: OfflineRoot;
}

export interface TestAuthority {
  readonly authority: CertificateAuthority;
  readonly clock: VirtualClock;
  readonly events: EventLog;
  readonly intermediate: Intermediate;
  readonly keyring: Keyring;
  readonly root: OfflineRoot;
  readonly storage: StorageBackend;
  /** A further instance of the authority, as another process would make it. */
  another(options?: Partial<CertificateAuthorityOptions>): CertificateAuthority;
}

/** Makes an authority with one intermediate at work, on a fresh storage. */
export async function createTestAuthority(options: TestAuthorityOptions = {}): Promise<TestAuthority> {
  const {
    clock = new VirtualClock(),
    intermediate: signing,
    intermediateKey,
    crls,
    root: given,
    storage: backend,
    ...rest
  } = options;
  rootClock = clock;
  const stored = createTestStorage(clock);
  const storage = backend ?? stored.storage;
  const keyring = options.keyring ?? LocalKeyring.generate();
  const settings = { baseUrl: BASE_URL, ...rest, keyring, clock };
  const events = new EventLog({ storage, clock });
  const authority = new CertificateAuthority({ ...settings, storage, events });
  const root = given ?? (await sharedRoot());
  const intermediate = await addIntermediate(authority, root, signing, intermediateKey, crls);
  const another = (changed: Partial<CertificateAuthorityOptions> = {}) => {
    const other = changed.storage ?? (backend === undefined ? stored.another() : backend);
    return new CertificateAuthority({
      ...settings,
      storage: other,
      events: new EventLog({ storage: other, clock }),
      ...changed,
    });
  };
  return { authority, clock, events, intermediate, keyring, root, storage, another };
}

/** Requests an intermediate, has the root sign it, and installs it. */
export async function addIntermediate(
  authority: CertificateAuthority,
  root: OfflineRoot,
  signing: SignIntermediateOptions = {},
  keyAlgorithm: KeyAlgorithm = 'ECDSA-P256',
  crls: TestCrlOptions = {},
): Promise<Intermediate> {
  const request = await authority.requestIntermediate({ subject: 'CN=Test Intermediate CA,O=Test', keyAlgorithm });
  const { certificatePem } = await root.signIntermediate(request.csrPem, signing);
  return authority.installIntermediate(request.id, { ...crls, certificatePem, trustAnchorsPem: root.certificatePem });
}
