import { readFileSync } from 'node:fs';

/** One test vector. What else it holds depends on the schema of its file. */
export interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly result: 'valid' | 'invalid' | 'acceptable';
  readonly flags?: readonly string[];
  readonly [name: string]: unknown;
}

/** What vectors have in common. */
export interface VectorGroup {
  readonly tests: readonly Vector[];
  readonly [name: string]: unknown;
}

/** A file of test vectors of project Wycheproof. */
export interface WycheproofSuite {
  readonly algorithm?: string;
  readonly schema: string;
  readonly numberOfTests: number;
  readonly testGroups: readonly VectorGroup[];
}

/**
 * Reads a file of test vectors.
 *
 * @param path of the file
 * @throws {Error} When it is none, or does not hold as many vectors as it says: none at all must not look like agreement.
 */
export function readWycheproof(path: string): WycheproofSuite {
  const suite = JSON.parse(readFileSync(path, 'utf8')) as WycheproofSuite;
  const found = suite.testGroups?.reduce((sum, { tests }) => sum + tests.length, 0);
  if (!found || found !== suite.numberOfTests) {
    throw new Error(`${path} is not a file of ${suite.numberOfTests} test vectors`);
  }
  return suite;
}

/** A hexadecimal member of a vector. */
export function hexOf(vector: Vector, name: string): Uint8Array {
  const text = vector[name];
  if (typeof text !== 'string') throw new Error(`vector ${vector.tcId} has no ${name}`);
  return new Uint8Array(Buffer.from(text, 'hex'));
}
