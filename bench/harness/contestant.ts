/** What a slice of work cost: nanoseconds by the clock on the wall, and of CPU over all threads of the process. */
export interface Spent {
  readonly wallNs: number;
  /** NaN where it cannot be known. */
  readonly cpuNs: number;
}

/** One side of a comparison. Every contestant of a race does the same work on the same inputs. */
export interface Contestant {
  readonly name: string;
  /** Does the work `count` times and measures it where it is done. */
  run(count: number): Promise<Spent>;
  /** For work of seconds: a fixed count a slice and at most so many rounds, without calibration or warm-up. */
  readonly pace?: { readonly count: number; readonly rounds: number };
  /** One output, to be verified before anything is timed. */
  sample?(): Promise<Uint8Array>;
  close?(): Promise<void>;
}

/** A contestant that this machine cannot run, and why. It is listed, never guessed. */
export interface Absent {
  readonly name: string;
  readonly absent: string;
}

export type Entrant = Contestant | Absent;

/** Whether an entrant can run here. */
export function isPresent(entrant: Entrant): entrant is Contestant {
  return !('absent' in entrant);
}

/**
 * A contestant within this process.
 *
 * @param work Does the work `count` times.
 */
export function inProcess(
  name: string,
  work: (count: number) => void | Promise<void>,
  rest: Pick<Contestant, 'pace' | 'sample'> = {},
): Contestant {
  return { ...rest, name, run: (count) => measure(() => work(count)) };
}

/**
 * Clears away what the contestant before has just allocated. The young generation only: a full collection also throws away
 * compiled code whose objects are gone, and a contestant in JavaScript would then be timed while it is compiled anew.
 */
function collectYoungGarbage(): void {
  void globalThis.gc?.({ type: 'minor' });
}

/** Measures one piece of work in this process. */
async function measure(work: () => void | Promise<void>): Promise<Spent> {
  collectYoungGarbage();
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  // A promise where there is none would cost a synchronous contestant a turn of the event loop.
  const pending = work();
  if (pending !== undefined) await pending;
  const wallNs = Number(process.hrtime.bigint() - start);
  const { user, system } = process.cpuUsage(cpu);
  return { wallNs, cpuNs: (user + system) * 1000 };
}
