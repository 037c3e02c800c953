import { z } from 'zod';
import { ChanceryError } from '../../errors/chancery-error.ts';
import { PolicyError, type PolicyViolation } from '../../errors/families.ts';
import type { IssuanceDecision, IssuancePolicy, IssuanceRequest } from './hook.ts';

const violation = z.strictObject({ rule: z.string(), value: z.string(), message: z.string() });
const decision = z
  .strictObject({
    refuse: z.array(violation).optional(),
    subjectAltNames: z.array(z.string()).optional(),
    notAfter: z.date().optional(),
  })
  .optional();

/**
 * Asks a host's policy. Whatever is not plainly a consent is a refusal: an answer that cannot be read, such as `false` or a misspelled
 * field, and an error of the policy's own, whose text is kept to `cause` since nobody knows what it holds.
 *
 * @returns the decision; empty where the policy has nothing to say
 * @throws {PolicyError} ISSUANCE_REFUSED: the policy failed, or its answer is malformed
 * @throws {ChanceryError} what the policy throws of this kind, as it is
 */
export async function askPolicy(policy: IssuancePolicy, request: IssuanceRequest): Promise<IssuanceDecision> {
  let answer: unknown;
  try {
    answer = await policy(request);
  } catch (cause) {
    if (cause instanceof ChanceryError) throw cause;
    throw new PolicyError([refusal('policy.failed', request, "the host's policy failed")], { cause });
  }
  const parsed = decision.safeParse(answer);
  if (parsed.success) return (parsed.data as IssuanceDecision | undefined) ?? {};
  const where = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'answer'}: ${message}`).join('; ');
  throw new PolicyError([
    refusal('policy.malformed', request, `the host's policy gave no readable decision (${where})`),
  ]);
}

function refusal(rule: string, { profile }: IssuanceRequest, message: string): PolicyViolation {
  return { rule, value: profile, message };
}
