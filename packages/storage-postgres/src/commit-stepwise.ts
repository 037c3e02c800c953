import { StorageError } from '@chancery/core/ports';
import type { CommitPart, CommitRequest } from './commit-request.ts';
import type { CommitStatements } from './commit-statements.ts';
import type { SqlRow, SqlSession, SqlValue } from './driver.ts';
import { qualified } from './identifiers.ts';
import { RIVAL } from './server-function.ts';
import type { Tables } from './tables.ts';

/** What the server said of a commit. */
export interface Verdict {
  readonly stale?: string;
  readonly version?: { readonly at: number; readonly actual: string | null };
  readonly unique?: { readonly at: number; readonly name: string };
}

/** What the steps run with. */
interface StepContext {
  readonly tables: Tables;
  readonly statements: CommitStatements;
  /** SQL that sets how the statements are planned; `undefined` on a server that plans in a way of its own. */
  readonly planning: string | undefined;
  readonly now: SqlValue;
}

/** The steps of the server function, one statement each, for a server that has no such function. */
export async function commitStepwise(
  session: SqlSession,
  { statements, tables, planning, now: given }: StepContext,
  request: CommitRequest,
): Promise<Verdict> {
  const steps = new Steps(session, statements, tables);
  const whole = JSON.stringify(request);
  const parts = request.parts.map((part) => ({ ...part, text: JSON.stringify(part) }));
  if (planning !== undefined) await session.run({ text: planning });
  const locked: number[] = [];
  for (const part of parts) locked.push(await steps.lock(part));
  const { stale } = await steps.ask(statements.generations, whole);
  if (stale != null) return { stale };
  const now = (await steps.ask(statements.instant, given)).now as string;
  const judgments: Judgment[] = [];
  for (const [place, part] of parts.entries()) {
    const judgment = await steps.judge(part, now);
    if (judgment.found !== locked[place]) throw rival();
    judgments.push(judgment);
  }
  const faults = judgments.flatMap(({ fault }) => fault ?? []).sort((left, right) => left.at - right.at);
  if (faults[0] !== undefined) return { version: faults[0] };
  if (request.rewritten.length > 0) {
    const unique = await steps.moveUnique(whole, now);
    if (unique !== undefined) return { unique };
  }
  for (const [place, part] of parts.entries()) await steps.write(part, now, judgments[place]?.present as string);
  return {};
}

type SentPart = CommitPart & { readonly text: string };

interface Judgment {
  readonly found: number;
  /** JSON of the ids that are there. */
  readonly present: string;
  readonly fault: Verdict['version'];
}

class Steps {
  readonly #session: SqlSession;
  readonly #statements: CommitStatements;
  readonly #tables: Tables;

  constructor(session: SqlSession, statements: CommitStatements, tables: Tables) {
    this.#session = session;
    this.#statements = statements;
    this.#tables = tables;
  }

  async ask(text: string, ...values: SqlValue[]): Promise<SqlRow> {
    return (await this.#session.run({ text, values, prepare: true }))[0] as SqlRow;
  }

  async lock({ table, locks }: SentPart): Promise<number> {
    const { lockForShare, lockForUpdate } = this.#statements;
    let sum = 0;
    for (const { share, ids } of locks) {
      const text = this.#on(share ? lockForShare : lockForUpdate, table);
      sum += Number((await this.ask(text, JSON.stringify(ids))).found);
    }
    return sum;
  }

  async judge({ table, text }: SentPart, now: string): Promise<Judgment> {
    const row = await this.ask(this.#on(this.#statements.judge, table), text, now);
    const fault = row.fault == null ? undefined : (JSON.parse(row.fault) as Verdict['version']);
    return { found: Number(row.found), present: row.present as string, fault };
  }

  async moveUnique(whole: string, now: string): Promise<Verdict['unique']> {
    const { lockUnique, judgeUnique, freeUnique, takeUnique } = this.#statements;
    await this.ask(lockUnique, whole);
    const { fault } = await this.ask(judgeUnique, whole, now);
    if (fault != null) return JSON.parse(fault) as Verdict['unique'];
    await this.ask(freeUnique, whole, now);
    if ((await this.ask(takeUnique, whole, now)).missed !== '0') throw rival();
    return undefined;
  }

  async write({ table, text, removes }: SentPart, now: string, present: string): Promise<void> {
    const { put, remove } = this.#statements;
    const { missed } = await this.ask(this.#on(put, table), text, now, present);
    if (missed !== '0') throw rival();
    if (removes) await this.ask(this.#on(remove, table), text, now);
  }

  #on(text: string, table: string): string {
    // By a function, since `$` in a name means something in a replacement.
    return text.replace('%1$s', () => qualified(this.#tables.schema, table));
  }
}

function rival(): StorageError {
  const facts = { sqlState: RIVAL };
  return new StorageError('STORAGE_UNAVAILABLE', 'another commit wrote first, too often', { retryable: true, facts });
}
