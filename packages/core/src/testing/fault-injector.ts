import { StorageError } from '../errors/storage-error.ts';
import type {
  ClaimRequest,
  CollectionDefinition,
  CommitResult,
  CountQuery,
  DocumentRef,
  Page,
  Query,
  ReadOptions,
  StorageBackend,
  StorageCapabilities,
  StorageHealth,
  StoredDocument,
  ThrottleDecision,
  ThrottleRequest,
  Write,
} from '../ports/storage.ts';
import { type FaultKind, FaultPlan, type FaultRule, type FaultyMethod, type InjectedFault } from './fault-plan.ts';

/** Which calls of a backend fail, and how. */
export interface FaultInjectorOptions {
  /** Where the random choices begin. Print it where a test fails. */
  readonly seed: number;
  /** The chance of a fault for each call, 0 to 1. Default 0: only what `plan` asks for. */
  readonly rate?: number;
  /** Which calls are hit at random. Default: all. */
  readonly methods?: readonly FaultyMethod[];
  /** How they are hit at random. Default: every way. */
  readonly kinds?: readonly FaultKind[];
}

/**
 * A storage that fails as networks and servers do, for tests of what stands on storage. It wraps another backend, makes the same
 * faults for the same seed and calls, and keeps a log of them.
 *
 * @example
 * const storage = faultInjector(new MemoryStorage(), { seed: 1 });
 * storage.plan({ method: 'commit', kind: 'loseAnswer' });
 */
export function faultInjector(backend: StorageBackend, options: FaultInjectorOptions): FaultInjector {
  return new FaultInjector(backend, options);
}

const READS: ReadonlySet<FaultyMethod> = new Set(['get', 'query', 'count', 'health']);
/** For how many further calls what lands late stays on its way, at the most. */
const LATEST = 3;

interface LateCall {
  readonly due: number;
  readonly land: () => Promise<void>;
}

/** See `faultInjector`. Beyond the faults it behaves as the backend that it wraps; `close` and `watch` are never hit. */
export class FaultInjector implements StorageBackend {
  readonly namespace: string;
  readonly capabilities: StorageCapabilities;
  readonly watch?: NonNullable<StorageBackend['watch']>;
  readonly #backend: StorageBackend;
  readonly #plan: FaultPlan;
  readonly #log: InjectedFault[] = [];
  #late: LateCall[] = [];
  #calls = 0;

  /** @throws {InvalidInputError} INVALID_ARGUMENT: a rate outside 0 to 1 */
  constructor(backend: StorageBackend, options: FaultInjectorOptions) {
    this.#backend = backend;
    this.#plan = new FaultPlan(options);
    this.namespace = backend.namespace;
    this.capabilities = backend.capabilities;
    if (backend.watch !== undefined) this.watch = backend.watch.bind(backend);
  }

  /** Every fault so far, in order. */
  get log(): readonly InjectedFault[] {
    return this.#log;
  }

  /** How many calls came so far, hit or not. */
  get calls(): number {
    return this.#calls;
  }

  /** Hits coming calls for certain; rules are tried in the order in which they were given. */
  plan(rule: FaultRule): void {
    this.#plan.add(rule);
  }

  /** Ends all faults: the rules that are left and those at random. What is on its way still lands. */
  heal(): void {
    this.#plan.clear();
  }

  /** Lets everything land that is still on its way. */
  async settle(): Promise<void> {
    await this.#land(Number.POSITIVE_INFINITY);
  }

  open(collections: readonly CollectionDefinition[]): Promise<void> {
    return this.#call('open', () => this.#backend.open(collections));
  }

  get(refs: readonly DocumentRef[], options?: ReadOptions): Promise<(StoredDocument | undefined)[]> {
    return this.#call('get', () => this.#backend.get(refs, options));
  }

  query(query: Query): Promise<Page> {
    return this.#call('query', () => this.#backend.query(query));
  }

  count(query: CountQuery): Promise<number> {
    return this.#call('count', () => this.#backend.count(query));
  }

  commit(writes: readonly Write[]): Promise<CommitResult> {
    return this.#call('commit', () => this.#backend.commit(writes));
  }

  claim(request: ClaimRequest): Promise<StoredDocument[]> {
    return this.#call('claim', () => this.#backend.claim(request));
  }

  throttle(requests: readonly ThrottleRequest[]): Promise<ThrottleDecision> {
    return this.#call('throttle', () => this.#backend.throttle(requests));
  }

  sweep(limit: number): Promise<{ removed: number; more: boolean }> {
    return this.#call('sweep', () => this.#backend.sweep(limit));
  }

  health(): Promise<StorageHealth> {
    return this.#call('health', () => this.#backend.health());
  }

  close(): Promise<void> {
    return this.#backend.close();
  }

  async #call<T>(method: FaultyMethod, run: () => Promise<T>): Promise<T> {
    this.#calls += 1;
    const call = this.#calls;
    const kind = this.#plan.next(method);
    if (this.#late.length > 0) await this.#land(call);
    if (kind === undefined) return run();
    const fault: InjectedFault = { call, method, kind, effect: 'none' };
    this.#log.push(fault);
    switch (kind) {
      case 'refuse':
        throw unavailable(fault, 'none');
      case 'loseRequest':
        throw unavailable(fault, READS.has(method) ? 'none' : 'unknown');
      case 'loseAnswer':
        await carryOut(fault, run);
        throw unavailable(fault, READS.has(method) ? 'none' : 'unknown');
      case 'landLate':
        if (READS.has(method)) throw unavailable(fault, 'none');
        fault.effect = 'pending';
        this.#late.push({ due: call + this.#plan.integer(1, LATEST), land: () => carryOut(fault, run) });
        throw unavailable(fault, 'unknown');
      case 'delay':
        // Calls that are made meanwhile overtake this one.
        for (let turns = this.#plan.integer(1, 20); turns > 0; turns--) await Promise.resolve();
        fault.effect = 'landed';
        return run();
    }
  }

  async #land(call: number): Promise<void> {
    const due = this.#late.filter((late) => late.due <= call);
    if (due.length === 0) return;
    this.#late = this.#late.filter((late) => late.due > call);
    for (const { land } of due) await land();
  }
}

/** What the backend answers is lost, its refusals too. */
async function carryOut(fault: InjectedFault, run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
    fault.effect = 'landed';
  } catch {
    fault.effect = 'failed';
  }
}

function unavailable({ call, method, kind }: InjectedFault, outcome: 'none' | 'unknown'): StorageError {
  return new StorageError('STORAGE_UNAVAILABLE', `injected fault: ${kind} at call ${call}, ${method}`, {
    retryable: true,
    outcome,
    facts: { call, method, kind },
  });
}
