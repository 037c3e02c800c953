import { commitFunction, stepsFunction } from './commit-function.ts';
import { creating } from './creating.ts';
import type { SqlDriver } from './driver.ts';
import { literal } from './identifiers.ts';
import type { ServerFunction } from './server-function.ts';
import { sqlStateOf } from './sql-error.ts';
import type { Tables } from './tables.ts';
import { throttleFunction } from './throttle-function.ts';

/** The functions that a namespace has on its server. */
export interface ServerFunctions {
  /** Qualified and quoted. */
  readonly commit: string;
  readonly throttle: string;
  /** The plain names of the steps of a commit, by collection. */
  readonly steps: ReadonlyMap<string, string>;
}

/**
 * Finds the functions of a namespace on its server, and creates those that are missing.
 *
 * @param collections - by name
 * @returns `undefined` where they are not permitted, or no thing of this server
 */
export async function ensureFunctions(
  driver: SqlDriver,
  tables: Tables,
  collections: readonly string[],
): Promise<ServerFunctions | undefined> {
  const wanted = requiredFunctions(tables, collections);
  const all = [wanted.commit, wanted.throttle, ...wanted.steps.values()];
  try {
    for (const { create } of await missingFunctions(driver, all)) await creating(() => driver.run({ text: create }));
  } catch (error) {
    // Then the statements go one by one.
    if (/^(42|0A|3F)/.test(sqlStateOf(error) ?? '')) return undefined;
    throw error;
  }
  const steps = new Map([...wanted.steps].map(([name, { plainName }]) => [name, plainName]));
  return { commit: wanted.commit.name, throttle: wanted.throttle.name, steps };
}

/** Everything that a namespace with these collections wants on its server. */
export function requiredFunctions(tables: Tables, collections: readonly string[]) {
  return {
    commit: commitFunction(tables),
    throttle: throttleFunction(tables),
    steps: new Map(collections.map((name) => [name, stepsFunction(tables, name)])),
  };
}

async function missingFunctions(driver: SqlDriver, wanted: readonly ServerFunction[]): Promise<ServerFunction[]> {
  const tests = wanted.map(({ signature }, at) => `to_regprocedure(${literal(signature)}) IS NULL AS f${at}`);
  const [row = {}] = await driver.run({ text: `SELECT ${tests.join(', ')}` });
  return wanted.filter((_function, at) => row[`f${at}`]?.startsWith('t'));
}
