import {
  type Certificate,
  CertificateManager,
  type CertificateManagerOptions,
  type CloudEvent,
  EventLog,
  type Issuer,
  LocalKeyring,
  nodeCrypto,
  RenewalScheduler,
  type RenewalSchedulerOptions,
  type StorageBackend,
} from '../../../src/index.ts';
import {
  type ScriptedAnswer,
  type ScriptedCertificate,
  ScriptedIssuer,
  VirtualClock,
} from '../../../src/testing/index.ts';
import { createTestStorage } from '../../support/test-storage.ts';
import { type HandTimer, handTimer } from './hand-timer.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const LONGEST_WAIT = 20_000;

/** An issuer that does what a test tells it to. */
export class TestIssuer implements Issuer {
  /** What was issued, in order. */
  readonly issued: ScriptedCertificate[] = [];
  /** The names of each request, in order. */
  readonly asked: string[] = [];
  lifetimeMs = 90 * DAY;
  answer: (name: string) => ScriptedAnswer = () => 'issue';
  /** Called before each answer. */
  before: (name: string) => Promise<void> = async () => undefined;
  readonly renewalInfo?: NonNullable<Issuer['renewalInfo']>;
  readonly #scripted: ScriptedIssuer;

  constructor(clock: VirtualClock, renewalInfo?: Issuer['renewalInfo']) {
    if (renewalInfo !== undefined) this.renewalInfo = renewalInfo;
    this.#scripted = new ScriptedIssuer({
      clock,
      crypto: nodeCrypto(),
      lifetimeMs: () => this.lifetimeMs,
      answer: ({ subjectAltNames }) => this.answer(subjectAltNames[0] as string),
      onIssued: (certificate) => this.issued.push(certificate),
    });
  }

  async requestCertificate(request: Parameters<Issuer['requestCertificate']>[0]) {
    const name = request.subjectAltNames[0] as string;
    this.asked.push(name);
    await this.before(name);
    return this.#scripted.requestCertificate(request);
  }
}

export interface TestBed {
  readonly clock: VirtualClock;
  readonly timer: HandTimer;
  readonly storage: StorageBackend;
  readonly events: EventLog;
  readonly issuer: TestIssuer;
  readonly certificates: CertificateManager;
  /** The errors that any of the schedulers told of. */
  readonly problems: {
    readonly error: unknown;
    readonly certificateId?: string;
    readonly issuer?: string;
    readonly task?: string;
  }[];
  /** Another instance of the manager, as another process would make it. */
  manager(options?: Partial<CertificateManagerOptions>): CertificateManager;
  /** A scheduler, over an instance of its own. */
  scheduler(options?: Partial<RenewalSchedulerOptions>): RenewalScheduler;
  /** Makes an issued certificate. */
  create(name: string, options?: { readonly autoRenew?: boolean; readonly issuer?: string }): Promise<Certificate>;
  /** The events of a type, in the order of their revisions. */
  told(type: string): Promise<CloudEvent[]>;
  /** Lets everything go on until something holds. */
  until(holds: () => boolean | Promise<boolean>): Promise<void>;
}

export interface TestBedOptions extends Partial<Omit<CertificateManagerOptions, 'issuers'>> {
  /** Besides `main`. */
  readonly others?: readonly string[];
  readonly renewalInfo?: Issuer['renewalInfo'];
  /** Wraps the storage of the first manager. */
  readonly wrap?: (storage: StorageBackend) => StorageBackend;
}

export interface TestBedWithOthers extends TestBed {
  readonly others: Readonly<Record<string, TestIssuer>>;
}

/** Makes managers and schedulers on one fresh storage, with issuers that do as they are told, and a clock that moves by hand. */
export function createTestBed({
  others: otherNames = [],
  renewalInfo,
  wrap,
  ...settings
}: TestBedOptions = {}): TestBedWithOthers {
  const clock = new VirtualClock();
  const timer = handTimer(clock);
  const stored = createTestStorage(clock);
  const { storage } = stored;
  const keyring = LocalKeyring.generate();
  const issuer = new TestIssuer(clock, renewalInfo);
  const others = Object.fromEntries(otherNames.map((name) => [name, new TestIssuer(clock)]));
  const problems: TestBed['problems'][number][] = [];
  const manager: TestBed['manager'] = (options = {}) => {
    const backend = options.storage ?? stored.another();
    return new CertificateManager({
      keyring,
      clock,
      issuers: { main: issuer, ...others },
      defaultIssuer: 'main',
      ...settings,
      events: new EventLog({ storage: backend, clock }),
      ...options,
      storage: backend,
    });
  };
  const certificates = manager({ storage: wrap ? wrap(storage) : storage });
  const events = new EventLog({ storage, clock });
  return {
    clock,
    timer,
    storage,
    events,
    issuer,
    others,
    certificates,
    problems,
    manager,
    scheduler: (options = {}) =>
      new RenewalScheduler({
        certificates: options.certificates ?? manager(),
        clock,
        timer: timer.timer,
        onError: (error, problem) => problems.push({ error, ...problem }),
        ...options,
      }),
    create: (name, options = {}) => certificates.create({ name, subjectAltNames: [name], ...options }),
    async told(type) {
      const { items } = await events.pending({ limit: 1_000 });
      return items.filter((event) => event.type === type);
    },
    async until(holds) {
      const begun = performance.now();
      while (!(await holds())) {
        // Not so many turns: a key that is made elsewhere takes the longer, the busier the machine.
        if (performance.now() - begun > LONGEST_WAIT) throw new Error('What was waited for did not come');
        await storage.health();
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    },
  };
}

/** A door that opens once: those who came before wait, and those who come later do not. */
export function door(): { readonly pass: () => Promise<void>; open(): void; readonly waiting: number } {
  let open: () => void = () => undefined;
  let waiting = 0;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    pass: () => {
      waiting += 1;
      return opened;
    },
    open: () => open(),
    get waiting() {
      return waiting;
    },
  };
}
