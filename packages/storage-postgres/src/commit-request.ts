import { Buffer } from 'node:buffer';
import { compareUtf8, joinKey, type PreparedPut, type PreparedWrite, uniqueKey } from '@chancery/core/ports';
import type { OpenedCollection } from './tables.ts';

/** A commit as it is sent: one JSON text, in the order in which documents are locked. */
export interface CommitRequest {
  readonly parts: readonly CommitPart[];
  /** The documents whose unique values are laid down anew: those of collections with constraints, put or deleted. */
  readonly rewritten: readonly { readonly collection: string; readonly id: string }[];
  readonly claims: readonly UniqueClaim[];
}

/** The writes of one collection, in UTF-8 order of ids. */
export interface CommitPart {
  readonly name: string;
  readonly generation: number;
  /** Unquoted. */
  readonly table: string;
  /** The server function that does its steps, unquoted, where there is one. */
  readonly steps?: string | undefined;
  /** Stretches of ids to be locked alike. What is only checked is locked against writers, not against other checks. */
  readonly locks: readonly { readonly share: boolean; readonly ids: readonly string[] }[];
  readonly writes: readonly SentWrite[];
  /** Whether documents may have to be removed. */
  readonly removes: boolean;
}

interface SentWrite {
  readonly at: number;
  readonly kind: PreparedWrite['kind'];
  readonly id: string;
  readonly condition: 'none' | 'absent' | 'version';
  readonly expected?: string;
  readonly version?: string;
  readonly data?: unknown;
  readonly size?: number;
  /** Base64. */
  readonly bytes?: string;
  readonly expires_at?: number;
  readonly due_at?: number;
  readonly due_queue?: string;
}

/** Values that a put would hold of a constraint. */
interface UniqueClaim {
  readonly collection: string;
  readonly name: string;
  /** The joined values in UTF-8, in hex. */
  readonly key: string;
  readonly id: string;
  readonly at: number;
  readonly expires_at?: number;
}

/** Orders and groups the writes of a commit. */
export function commitRequest(
  writes: readonly PreparedWrite[],
  opened: (name: string) => OpenedCollection,
  steps?: ReadonlyMap<string, string>,
): CommitRequest {
  const names = [...new Set(writes.map(({ collection }) => collection.name))].sort();
  const parts = names.map((name) => {
    const own = writes.filter(({ collection }) => collection.name === name);
    own.sort((left, right) => compareUtf8(left.id, right.id));
    const { generation, table } = opened(name);
    return {
      name,
      generation,
      table,
      steps: steps?.get(name),
      locks: lockRuns(own),
      writes: own.map(sentWrite),
      removes: own.some(mayRemove),
    };
  });
  const constrained = writes.filter(({ kind, collection }) => kind !== 'check' && collection.unique.length > 0);
  return {
    parts,
    rewritten: constrained.map(({ collection, id }) => ({ collection: collection.name, id })),
    claims: constrained.filter((write) => write.kind === 'put').flatMap(uniqueClaims),
  };
}

/** Splits ordered writes where the kind of lock changes, so that locks are still taken in order. */
function lockRuns(writes: readonly PreparedWrite[]): CommitPart['locks'] {
  const runs: { share: boolean; ids: string[] }[] = [];
  for (const { kind, id } of writes) {
    const share = kind === 'check';
    const last = runs.at(-1);
    if (last?.share === share) last.ids.push(id);
    else runs.push({ share, ids: [id] });
  }
  return runs;
}

/** A put that is expired on arrival leaves the document absent. */
function mayRemove(write: PreparedWrite): boolean {
  return write.kind === 'delete' || (write.kind === 'put' && write.expiresAt !== undefined);
}

function sentWrite(write: PreparedWrite): SentWrite {
  const { at, kind, id, ifVersion } = write;
  const condition = ifVersion === undefined ? 'none' : ifVersion === null ? 'absent' : 'version';
  const head = { at, kind, id, condition, ...(typeof ifVersion === 'string' && { expected: ifVersion }) } as const;
  if (write.kind !== 'put') return head;
  const { version, data, dataSize: size, bytes, expiresAt, dueAt, dueQueue } = write;
  return {
    ...head,
    version,
    data,
    size,
    due_queue: dueQueue,
    ...(bytes !== undefined && { bytes: viewOf(bytes).toString('base64') }),
    ...(expiresAt !== undefined && { expires_at: expiresAt }),
    ...(dueAt !== undefined && { due_at: dueAt }),
  };
}

function uniqueClaims({ collection, id, at, data, expiresAt }: PreparedPut): UniqueClaim[] {
  return collection.unique.flatMap((unique) => {
    const values = uniqueKey(unique, data);
    if (values === undefined) return [];
    const key = Buffer.from(joinKey(values), 'utf8').toString('hex');
    const claim = { collection: collection.name, name: unique.name, key, id, at };
    return [expiresAt === undefined ? claim : { ...claim, expires_at: expiresAt }];
  });
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
