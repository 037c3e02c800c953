import { readFileSync } from 'node:fs';

/** One certification path and what a validator should make of it. */
export interface ConformanceCase {
  readonly id: string;
  readonly group: string;
  readonly trusted: readonly string[];
  readonly intermediates: readonly string[];
  readonly leaf: string;
  readonly crls: readonly string[];
  readonly requireRevocation: boolean;
  readonly time: string;
  readonly purpose: 'serverAuth' | 'clientAuth' | null;
  readonly ekus?: readonly string[];
  readonly keyUsage?: readonly string[];
  readonly peer: { readonly kind: 'DNS' | 'IP' | 'RFC822'; readonly value: string } | null;
  readonly maxDepth: number | null;
  readonly policies: {
    readonly initialPolicySet: readonly string[];
    readonly initialExplicitPolicy: boolean;
    readonly initialPolicyMappingInhibit: boolean;
    readonly initialInhibitAnyPolicy: boolean;
    readonly userConstrainedPolicySet: readonly string[];
  } | null;
  readonly expected: boolean;
}

/**
 * Reads a suite: a JSON array of cases, PEM inside.
 *
 * @param path of the file
 * @throws {Error} When it is not such an array: no case at all must not look like full agreement.
 */
export function readSuite(path: string): readonly ConformanceCase[] {
  const cases: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const isCase = (one: unknown): boolean =>
    typeof one === 'object' && one !== null && 'id' in one && 'leaf' in one && 'trusted' in one && 'expected' in one;
  if (!Array.isArray(cases) || cases.length === 0 || !cases.every(isCase)) {
    throw new Error(`${path} is not a non-empty JSON array of cases`);
  }
  return cases as ConformanceCase[];
}
