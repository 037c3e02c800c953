import { z } from 'zod';
import { fromBase64, toBase64 } from '../../encoding/base64.ts';
import { ConflictError } from '../../errors/families.ts';
import { invalidArgument } from '../../errors/from-issues.ts';
import type { Abortable } from '../../ports/abortable.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { EMPTY_CHAIN } from '../chain.ts';
import type { CheckpointKey } from '../checkpoints/checkpoint-key.ts';
import { type NoteVerifier, parseVerifierKey } from '../checkpoints/signed-note.ts';
import { eventRecords, type LogHeadValue, logHeads, setAsideEvents } from '../event-collections.ts';
import type { LogContext } from '../log-context.ts';
import { HEAD_ID } from '../sequencing/log-head.ts';
import { ExpectedCheckpoints } from './expected-checkpoints.ts';
import { LogWalk } from './log-walk.ts';
import { type LogProblem, Problems } from './problem.ts';

const PROBLEMS = 100;
const SET_ASIDE = 1_000;
const ATTEMPTS = 5;

/** What to verify, and against what. */
export interface VerifyOptions extends Abortable {
  /** The lowest sequence number. Default: the first that retention has left. */
  readonly from?: number;
  /** Checkpoints kept outside the store, as `checkpoint()` or the sink gave them. */
  readonly checkpoints?: readonly string[];
  /** Whose signatures count on them: verifier keys kept outside the store. Default: the log's own key. */
  readonly verifierKeys?: readonly string[];
}

/** A stretch of the log that was lost after it had been acknowledged. */
export interface LogFork {
  readonly foundAt: Date;
  /** How far the log had gone, and its chain hash then. */
  readonly lostSize: number;
  readonly lostChainHash: Uint8Array;
  /** The size from which the log went on. */
  readonly continuedFrom: number;
}

/** What verification found. */
export interface LogVerification {
  readonly valid: boolean;
  /** The lowest sequence number that was verified, and how many entries the log ever had. */
  readonly from: number;
  readonly size: number;
  /** How many checkpoints the log was found to fit. */
  readonly checkpoints: number;
  /** The first 100. */
  readonly problems: readonly LogProblem[];
  /** Whether there are more. */
  readonly more: boolean;
  /**
   * How many documents of the outbox were set aside since they are no events, 1,000 at the most: the log may be valid, and they are not in it.
   */
  readonly setAside: number;
  /** Forks that the sequencer has noticed and put on record: the log as it is may be valid all the same. */
  readonly forks: readonly LogFork[];
}

const verifyOptions = z.strictObject({
  from: z.number().int().nonnegative().optional(),
  checkpoints: z.array(z.string()).max(1_000).optional(),
  verifierKeys: z.array(z.string()).min(1).max(100).optional(),
  signal: abortSignal,
});

/**
 * Walks the log page by page and judges every entry, the head and the checkpoints.
 *
 * @throws {ConflictError} COMMIT_CONFLICT: retention moved the beginning of the log at every attempt
 */
export async function verifyLog(
  context: LogContext,
  key: CheckpointKey,
  options: VerifyOptions = {},
): Promise<LogVerification> {
  const parsed = verifyOptions.safeParse(options);
  if (!parsed.success) throw invalidArgument('verify() options', parsed.error.issues);
  const own = context.keyring === undefined ? undefined : await key.signer();
  const verifiers = await trusted(context, key, options, own);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const result = await attemptVerification(context, options, own, verifiers);
    if (result !== undefined) return result;
  }
  throw new ConflictError('COMMIT_CONFLICT', `The log was pruned during each of ${ATTEMPTS} attempts to verify it`);
}

/** @returns `undefined`: what was to be walked was pruned meanwhile */
async function attemptVerification(
  context: LogContext,
  options: VerifyOptions,
  own: NoteVerifier | undefined,
  verifiers: readonly NoteVerifier[],
): Promise<LogVerification | undefined> {
  const { store } = context;
  const { checkpoints: notes = [], signal } = options;
  throwIfAborted(signal);
  const problems = new Problems(PROBLEMS);
  const head = (await store.get(logHeads, HEAD_ID))?.value;
  // Not behind the end: a checkpoint of what was cut off there would be passed over.
  const from = Math.min(Math.max(options.from ?? 0, head?.first ?? 0), head?.size ?? Number.MAX_SAFE_INTEGER);
  const expected = await ExpectedCheckpoints.from(context, { size: from, notes, verifiers, own, problems });
  const before = await chainBefore(context, from, head);
  await expected.compare(from, before);
  const walk = new LogWalk(context, expected, problems, from, before);
  await walk.run(head?.size, signal);
  if (head !== undefined) judgeEnd(head, walk, problems);
  else if (walk.size > from) problems.add({ kind: 'head', sequence: walk.size - 1 });
  const later = (await findStrangers(context, head, problems)) ?? head;
  await expected.finish(Math.max(walk.size, head?.size ?? 0), later?.size ?? walk.size);
  if ((later?.first ?? 0) > Math.max(from, head?.first ?? 0)) return undefined;
  return {
    valid: problems.list.length === 0,
    from,
    size: head?.size ?? walk.size,
    checkpoints: expected.fitted,
    problems: problems.list,
    more: problems.more,
    setAside: await store.count(setAsideEvents, { index: 'bySetAsideAt', upTo: SET_ASIDE }),
    forks: (head?.forks ?? []).map(({ foundAt, size, chainHash, continuedFrom }) => ({
      foundAt: new Date(foundAt),
      lostSize: size,
      lostChainHash: fromBase64(chainHash),
      continuedFrom,
    })),
  };
}

function judgeEnd(head: LogHeadValue, walk: LogWalk, problems: Problems): void {
  if (head.first > head.size) {
    problems.add({ kind: 'head', sequence: Math.max(0, head.size - 1) });
  } else if (walk.size < head.size) {
    problems.add({ kind: 'truncated', sequence: walk.size, count: head.size - walk.size });
  } else if (walk.chainHash !== undefined && toBase64(walk.chainHash) !== head.chainHash) {
    problems.add({ kind: 'head', sequence: Math.max(0, head.size - 1) });
  }
}

/**
 * Reports entries before the first and behind the last.
 *
 * @returns the head as it is after they were read: entries and head move in one commit, so all that were there lie within it
 */
async function findStrangers(
  { store }: LogContext,
  walked: LogHeadValue | undefined,
  problems: Problems,
): Promise<LogHeadValue | undefined> {
  if (walked === undefined) return undefined;
  const query = { collection: eventRecords.name, index: 'bySequence', limit: PROBLEMS };
  const behind = await store.storage.query({ ...query, from: walked.size });
  const before = walked.first > 0 ? await store.storage.query({ ...query, to: walked.first }) : { documents: [] };
  const head = (await store.get(logHeads, HEAD_ID))?.value ?? walked;
  for (const { id, data } of [...before.documents, ...behind.documents]) {
    const sequence = data.sequence as number;
    if (sequence >= walked.first && sequence < head.size) continue;
    problems.add({ kind: 'inserted', sequence, eventId: id });
  }
  return head;
}

/** The chain hash before a place, as far as it can be known. */
async function chainBefore(
  { store }: LogContext,
  from: number,
  head: LogHeadValue | undefined,
): Promise<Uint8Array | undefined> {
  if (from === 0) return EMPTY_CHAIN;
  if (from === head?.first) return fromBase64(head.firstChainHash);
  const { documents } = await store.storage.query({
    collection: eventRecords.name,
    index: 'bySequence',
    from: from - 1,
    to: from,
    limit: 1,
  });
  const chainHash = documents[0]?.data.chainHash;
  try {
    return typeof chainHash === 'string' ? fromBase64(chainHash) : undefined;
  } catch {
    return undefined;
  }
}

async function trusted(
  { crypto }: LogContext,
  key: CheckpointKey,
  { verifierKeys, checkpoints: notes = [] }: VerifyOptions,
  own: NoteVerifier | undefined,
): Promise<NoteVerifier[]> {
  if (verifierKeys !== undefined) return Promise.all(verifierKeys.map((text) => parseVerifierKey(crypto, text)));
  if (own !== undefined) return [own];
  return notes.length === 0 ? [] : [await key.signer()];
}
