import { readWycheproof, type Vector, type VectorGroup } from './suite.ts';

/** Tries one vector. Gives what is wrong, or undefined where the SDK does as the vector says; or what it would need that the SDK has not. */
export type Judge = (group: VectorGroup, vector: Vector) => Promise<string | undefined | NotApplicable>;

/** A vector of something that is not implemented. */
export interface NotApplicable {
  readonly needs: string;
}

/** Who judges which algorithm, each loaded only when it is needed. */
const JUDGES: Readonly<Record<string, () => Promise<Judge>>> = {
  'AES-GCM': async () => (await import('./primitives.ts')).judgeAesGcm,
  'Cobblestone-256': async () => (await import('./cobblestone.ts')).judgeCobblestone,
  JsonWebCrypto: async () => (await import('./json-web.ts')).judgeJsonWeb,
  JsonWebKey: async () => (await import('./json-web.ts')).judgeJsonWeb,
  'HKDF-SHA-512': async () => (await import('./primitives.ts')).judgeHkdf,
};

/**
 * Tries every vector of a file, and prints how many agree and which do not.
 *
 * @param path of the file
 * @returns how many disagree
 * @throws {Error} When nobody judges the file's algorithm, or the SDK fails without a code.
 */
export async function runWycheproof(path: string, isVerbose: boolean): Promise<number> {
  const { testGroups, ...suite } = readWycheproof(path);
  // Files on JSON Web Signatures and Keys hold several algorithms, and are named by their groups.
  const algorithm = suite.algorithm ?? String(testGroups[0]?.type);
  const load = Object.hasOwn(JUDGES, algorithm) ? JUDGES[algorithm] : undefined;
  if (load === undefined) throw new Error(`${path}: nobody judges ${algorithm}`);
  const judge = await load();
  const faults: string[] = [];
  const needed = new Map<string, number>();
  for (const group of testGroups) {
    for (const vector of group.tests) {
      const fault = await judge(group, vector);
      if (typeof fault === 'object') {
        needed.set(fault.needs, (needed.get(fault.needs) ?? 0) + 1);
        continue;
      }
      const told = `${vector.tcId} (${vector.comment || vector.result})`;
      if (fault !== undefined) faults.push(`  ${told}: ${fault}`);
      if (isVerbose) console.log(`${fault === undefined ? 'agree   ' : 'DISAGREE'} ${told}`);
    }
  }
  const judged = suite.numberOfTests - [...needed.values()].reduce((sum, count) => sum + count, 0);
  console.log(`\nWycheproof ${algorithm}: ${judged - faults.length} of ${judged} agree`);
  for (const [needs, count] of needed) console.log(`  not applicable: ${count}, which need ${needs}`);
  for (const fault of faults) console.log(fault);
  return faults.length;
}
