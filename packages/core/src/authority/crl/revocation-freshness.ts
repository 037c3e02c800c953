import type { Abortable } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { authorities, crls, ocspResponders } from '../collections.ts';
import type { AuthorityContext } from '../context.ts';
import type { InstalledIntermediate, SigningState } from '../intermediates/signing-state.ts';
import { crlScopes } from './crl-scope.ts';

/** How long what an intermediate says of revocation holds. */
export interface RevocationFreshness {
  readonly intermediateId: string;
  /** How many complete CRLs it has, one a shard, and how many of them were never signed. */
  readonly crls: { readonly total: number; readonly missing: number };
  /** The nextUpdate that comes first among its complete CRLs; absent where none was signed. */
  readonly nextUpdate?: Date;
  /** The same of its delta CRLs, which nobody signs before somebody asks. */
  readonly deltaNextUpdate?: Date;
  /** When the certificate of its OCSP responder ends; absent where it has none. */
  readonly responderNotAfter?: Date;
}

/** See `CertificateAuthority.revocationFreshness`. An intermediate that has ended needs no CRL. */
export async function revocationFreshness(
  context: AuthorityContext,
  state: SigningState,
  { signal }: Abortable,
): Promise<RevocationFreshness[]> {
  throwIfAborted(signal);
  if ((await context.store.get(authorities, context.name)) === undefined) return [];
  const now = context.clock.now();
  const { intermediates } = await state.fresh();
  const told: RevocationFreshness[] = [];
  for (const intermediate of intermediates) {
    if (intermediate.certificate.notAfter.getTime() < now) continue;
    throwIfAborted(signal);
    told.push(await statusOf(context, intermediate));
  }
  return told;
}

async function statusOf(
  { store }: AuthorityContext,
  intermediate: InstalledIntermediate,
): Promise<RevocationFreshness> {
  const scopes = crlScopes(intermediate);
  const [stored, responder] = await Promise.all([
    store.getMany(scopes.map(({ id }) => ({ collection: crls, id }))),
    store.get(ocspResponders, intermediate.id),
  ]);
  const signed = stored.flatMap((entry) => (entry === undefined ? [] : [entry.value]));
  const ends = signed.map(({ nextUpdate }) => nextUpdate);
  const deltaEnds = signed.flatMap(({ delta }) => (delta ? [delta.nextUpdate] : []));
  return {
    intermediateId: intermediate.id,
    crls: { total: scopes.length, missing: scopes.length - signed.length },
    ...(ends.length > 0 && { nextUpdate: new Date(Math.min(...ends)) }),
    ...(deltaEnds.length > 0 && { deltaNextUpdate: new Date(Math.min(...deltaEnds)) }),
    ...(responder && { responderNotAfter: new Date(responder.value.notAfter) }),
  };
}
