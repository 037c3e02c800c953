import {
  CertificateManager,
  type CertificateManagerOptions,
  type CloudEvent,
  EventLog,
  type Keyring,
  LocalKeyring,
  type StorageBackend,
} from '../../src/index.ts';
import { type FaultInjector, faultInjector } from '../../src/testing/fault-injector.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { ScriptedIssuer } from './scripted-issuer.ts';
import { createTestStorage } from './test-storage.ts';

export const DAY = 86_400_000;

/** Manager, issuer and what they stand on; the issuer is called `test`. */
export interface TestCertificates {
  readonly certificates: CertificateManager;
  readonly issuer: ScriptedIssuer;
  readonly clock: VirtualClock;
  readonly keyring: Keyring;
  readonly events: EventLog;
  readonly storage: StorageBackend;
  /** A further instance, as another process would make it. */
  another(options?: Partial<CertificateManagerOptions>): CertificateManager;
  /** The types of the events so far that tell of certificates, in order of their making. */
  told(subject?: string): Promise<string[]>;
}

/** Makes a certificate manager on a fresh storage. */
export function createTestCertificates(
  options: Partial<Omit<CertificateManagerOptions, 'clock' | 'events' | 'storage'>> & {
    readonly lifetimeDays?: number;
    /** Puts something between the manager and its storage; further instances do without. */
    readonly wrap?: (storage: StorageBackend) => StorageBackend;
  } = {},
): TestCertificates {
  const { lifetimeDays, wrap, ...rest } = options;
  const clock = new VirtualClock();
  const stored = createTestStorage(clock);
  const storage = wrap?.(stored.storage) ?? stored.storage;
  const keyring = options.keyring ?? LocalKeyring.generate();
  const issuer = new ScriptedIssuer(clock, lifetimeDays === undefined ? {} : { lifetimeDays });
  const events = new EventLog({ storage, clock });
  // Waiting is passing time.
  const sleep = async (ms: number) => void clock.advance(ms);
  const settings = { issuers: { test: issuer }, sleep, ...rest, keyring, clock };
  const certificates = new CertificateManager({ ...settings, storage, events });
  const another = (changed: Partial<CertificateManagerOptions> = {}) => {
    const other = changed.storage ?? stored.another();
    return new CertificateManager({
      ...settings,
      storage: other,
      events: new EventLog({ storage: other, clock }),
      ...changed,
    });
  };
  const reader = wrap === undefined ? events : new EventLog({ storage: stored.another(), clock });
  const told = async (subject?: string) => {
    const { items } = await reader.pending({ limit: 1_000 });
    const ours = items
      .filter((event) => event.source === '/certificates' && (subject === undefined || event.subject === subject))
      .sort((one, other) => one.subjectRevision - other.subjectRevision);
    for (const each of new Set(ours.map((event) => event.subject))) requireNoGap(ours.filter(isOf(each)));
    return ours.map(({ type }) => type.replace('certificate.', ''));
  };
  return { certificates, issuer, clock, keyring, events, storage, another, told };
}

/** The same, with faults to plan between the first instance and its storage; `successor` starts without. */
export function createFaultyCertificates(): TestCertificates & {
  readonly faults: FaultInjector;
  readonly successor: CertificateManager;
} {
  let faults: FaultInjector | undefined;
  const made = createTestCertificates({
    wrap: (storage) => {
      faults = faultInjector(storage, { seed: 1 });
      return faults;
    },
  });
  return { ...made, faults: faults as unknown as FaultInjector, successor: made.another() };
}

const isOf = (subject: string) => (event: CloudEvent) => event.subject === subject;

/** The log waits for revisions that are missing: events are counted, not the changes that nobody is told of. */
function requireNoGap(events: readonly CloudEvent[]): void {
  const revisions = events.map(({ subjectRevision }) => subjectRevision);
  const [first = 1] = revisions;
  if (revisions.some((revision, at) => revision !== first + at)) throw new Error(`Gap in revisions ${revisions}`);
}
