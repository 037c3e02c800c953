import { Resolver } from 'node:dns/promises';
import { AcmeError } from '../../errors/acme-error.ts';

/** Where names are looked up. The `Resolver` of `node:dns/promises` fits. */
export interface DnsResolver {
  resolveTxt(name: string): Promise<string[][]>;
  resolveCname(name: string): Promise<string[]>;
}

/** Longer than any chain in use; a loop ends here. */
const MAX_CNAMES = 8;
const ABSENT = ['ENODATA', 'ENOTFOUND'];

/** Asks the name servers that the system is set up with. */
export function systemResolver(): DnsResolver {
  return new Resolver();
}

/**
 * Follows the CNAMEs of a name.
 *
 * @returns where they end: the name itself where there is none
 * @throws {AcmeError} ACME_SOLVER_FAILED: more than 8
 */
export async function delegatedName(name: string, resolver: DnsResolver): Promise<string> {
  let at = name;
  for (let step = 0; step <= MAX_CNAMES; step++) {
    const [target] = await unlessAbsent(resolver.resolveCname(at));
    if (target === undefined) return at;
    at = target;
  }
  throw new AcmeError('ACME_SOLVER_FAILED', `${name} leads through more than ${MAX_CNAMES} CNAMEs`, {
    facts: { name },
  });
}

/** Whether a TXT record of a value can be seen. A lookup that fails is no answer, and counts as no. */
export async function hasTxtRecord(
  { name, value }: { readonly name: string; readonly value: string },
  resolver: DnsResolver,
): Promise<boolean> {
  try {
    return (await resolver.resolveTxt(name)).some((strings) => strings.join('') === value);
  } catch {
    return false;
  }
}

async function unlessAbsent(lookup: Promise<string[]>): Promise<string[]> {
  try {
    return await lookup;
  } catch (error) {
    if (ABSENT.includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
