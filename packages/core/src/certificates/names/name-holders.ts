import { ConflictError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import type { ServedNameValue } from '../collections.ts';

/** Past this, the one that has held a name the longest is forgotten as a stand-in. */
const MOST_HOLDERS = 64;

/** A certificate that holds a name. */
export interface NameHolder {
  readonly certificateId: string;
  readonly accountId?: string | undefined;
  /** The generation to be served, where there is one yet. */
  readonly generation?: string | undefined;
}

/**
 * Lets a certificate hold a name.
 *
 * @param value what is there
 * @param place `last`: it serves the name from now on; `same`: it stays where it is among the holders
 * @throws {ConflictError} NAME_TAKEN: it is held for another account
 */
export function withHolder(
  name: string,
  value: ServedNameValue | undefined,
  holder: NameHolder,
  place: 'last' | 'same',
): ServedNameValue {
  const { certificateId, accountId, generation } = holder;
  if (value !== undefined && value.accountId !== accountId) throw nameTaken(name);
  const holders = value?.holders ?? [];
  const at = holders.findIndex((each) => each.certificateId === certificateId);
  const kept = generation ?? holders[at]?.generation;
  const mine = { certificateId, ...(kept === undefined ? {} : { generation: kept }) };
  const others = holders.filter((_, index) => index !== at);
  const position = place === 'last' ? others.length : Math.max(at, 0);
  const next = [...others.slice(0, position), mine, ...others.slice(position)].slice(-MOST_HOLDERS);
  return { ...(accountId === undefined ? {} : { accountId }), holders: next };
}

/**
 * Takes a certificate from the holders of a name.
 *
 * @returns undefined where nobody is left
 */
export function withoutHolder(value: ServedNameValue, certificateId: string): ServedNameValue | undefined {
  const holders = value.holders.filter((each) => each.certificateId !== certificateId);
  return holders.length === 0 ? undefined : { ...value, holders };
}

/** Whether a name is held by the same certificates, for the same generations, in the same order. */
export function sameHolders(one: ServedNameValue, other: ServedNameValue): boolean {
  return (
    one.holders.length === other.holders.length &&
    one.holders.every(({ certificateId, generation }, at) => {
      const its = other.holders[at];
      return its?.certificateId === certificateId && its.generation === generation;
    })
  );
}

/** Who serves a name: of those that hold it and have something to serve the last. */
export function servingHolder(value: ServedNameValue): { certificateId: string; generation: string } | undefined {
  for (const { certificateId, generation } of [...value.holders].reverse()) {
    if (generation !== undefined) return { certificateId, generation };
  }
  return undefined;
}

function nameTaken(name: string): ConflictError {
  return new ConflictError('NAME_TAKEN', `The name ${quote(name)} is held for another account`, {
    facts: { name: name.slice(0, 256) },
  });
}
