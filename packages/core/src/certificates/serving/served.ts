import { encodePem } from '../../encoding/pem.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { ServedCertificate } from '../../ports/certificate-source.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { generationKeys, generations, servedNames } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { openGenerationKey } from '../generations/generation-key.ts';
import { servingHolder } from '../names/name-holders.ts';
import { isServable } from '../names/subject-names.ts';

/** A name can move on between the reads of one attempt; twice in a row it hardly will. */
const ATTEMPTS = 3;
const LONGEST_NAME = 256;

/** See `CertificateManager.served`. */
export async function servedCertificate(
  context: CertificatesContext,
  name: string,
  options: Abortable,
): Promise<ServedCertificate | undefined> {
  if (!canBeServed(name)) return undefined;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    throwIfAborted(signalOf(options).signal);
    const entry = await context.store.get(servedNames, name);
    const holder = entry && servingHolder(entry.value);
    if (holder === undefined) return undefined;
    const served = await readServed(context, holder, signalOf(options));
    if (served !== undefined) return served;
  }
  return undefined;
}

/** See `CertificateManager.versions`. */
export async function servedVersions(
  { store }: CertificatesContext,
  names: readonly string[],
  options: Abortable,
): Promise<(string | undefined)[]> {
  throwIfAborted(signalOf(options).signal);
  if (!Array.isArray(names))
    throw new InvalidInputError('INVALID_ARGUMENT', `names must be a list, not ${quote(names)}`);
  const asked = names.map((name) => (canBeServed(name) ? name : undefined));
  const refs = asked.filter((name) => name !== undefined).map((id) => ({ collection: servedNames, id }));
  const entries = refs.length === 0 ? [] : await store.getMany(refs);
  const found = entries.values();
  return asked.map((name) => {
    const entry = name === undefined ? undefined : found.next().value;
    return entry !== undefined && servingHolder(entry.value) !== undefined ? entry.version : undefined;
  });
}

/** What no certificate can hold is not looked up: names come from whoever connects. */
function canBeServed(name: unknown): name is string {
  if (typeof name !== 'string' || name === '' || name.length > LONGEST_NAME) return false;
  return isServable(name) && !/[\0\p{Surrogate}]/u.test(name);
}

async function readServed(
  context: CertificatesContext,
  { certificateId, generation: id }: { readonly certificateId: string; readonly generation: string },
  { signal }: Abortable,
): Promise<ServedCertificate | undefined> {
  const [generation, key] = await context.store.getMany([
    { collection: generations, id },
    { collection: generationKeys, id },
  ] as const);
  if (generation?.value.chainPem === undefined || key === undefined) return undefined;
  throwIfAborted(signal);
  const { number, subjectAltNames, chainPem, notAfter = 0 } = generation.value;
  const pkcs8 = await openGenerationKey(context, key);
  try {
    return {
      certificateId,
      generation: number,
      names: subjectAltNames.filter(isServable),
      chainPem,
      privateKeyPem: encodePem('PRIVATE KEY', pkcs8),
      notAfter: new Date(notAfter),
    };
  } finally {
    pkcs8.fill(0);
  }
}
