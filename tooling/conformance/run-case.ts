import {
  type KeyUsage,
  type PathValidationResult,
  type ValidatePathOptions,
  validatePath,
} from '../../packages/core/src/index.ts';
import type { ConformanceCase } from './suite.ts';

/** What came of a case, and how long it took, in milliseconds: the median of a few runs. */
export interface CaseOutcome {
  readonly accepted: boolean;
  readonly detail: string;
  readonly milliseconds: number;
}

const RUNS = 3;

/** Validates a case's path. Whatever throws counts as a failure of the case: the SDK promises not to. */
export async function runCase(one: ConformanceCase): Promise<CaseOutcome> {
  const times: number[] = [];
  let result: PathValidationResult | undefined;
  for (let run = 0; run < RUNS; run++) {
    const started = performance.now();
    result = await validatePath(optionsOf(one));
    times.push(performance.now() - started);
  }
  const milliseconds = times.sort((a, b) => a - b)[Math.floor(RUNS / 2)] as number;
  if (result?.valid) {
    const wrong = wrongPolicies(one, result.policies);
    return { accepted: wrong === undefined, detail: wrong ?? 'a valid path', milliseconds };
  }
  const error = result?.error;
  return { accepted: false, detail: `${error?.code}: ${error?.message}`, milliseconds };
}

function optionsOf(one: ConformanceCase): ValidatePathOptions {
  const { policies, purpose, ekus = [], keyUsage = [], peer, maxDepth } = one;
  const wanted = purpose ?? ekus[0];
  return {
    certificate: one.leaf,
    intermediates: one.intermediates,
    trustAnchors: one.trusted,
    at: new Date(one.time),
    profile: /^(webpki|cve)/.test(one.group) ? 'webpki' : 'rfc5280',
    keyUsage: keyUsage as KeyUsage[],
    crls: one.crls,
    requireRevocation: one.requireRevocation,
    ...(wanted && { purpose: wanted }),
    ...(peer && { name: peer }),
    ...(maxDepth !== null && maxDepth !== undefined && { maxPathLength: maxDepth }),
    ...(policies && {
      policies: {
        initialPolicySet: policies.initialPolicySet,
        explicit: policies.initialExplicitPolicy,
        inhibitMapping: policies.initialPolicyMappingInhibit,
        inhibitAny: policies.initialInhibitAnyPolicy,
      },
    }),
  };
}

/** A valid path must also be valid under the right policies. */
function wrongPolicies({ policies, expected }: ConformanceCase, found: readonly string[]): string | undefined {
  if (!expected || !policies?.userConstrainedPolicySet) return undefined;
  const wanted = [...policies.userConstrainedPolicySet].sort().join(', ');
  const got = [...found].sort().join(', ');
  return wanted === got ? undefined : `valid, but under the policies {${got}} instead of {${wanted}}`;
}
