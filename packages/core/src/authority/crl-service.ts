import type { z } from 'zod';
import { signatureAlgorithmFor } from '../crypto/algorithms.ts';
import { encodePem } from '../encoding/pem.ts';
import { ConflictError } from '../errors/families.ts';
import type { Write } from '../ports/storage.ts';
import type { Entry } from '../store/store.ts';
import { buildCrl, type CrlEntry } from '../x509/crl/crl-builder.ts';
import { crlChanges, crls, ledger } from './collections.ts';
import type { AuthorityContext } from './context.ts';
import type { InstalledIntermediate } from './intermediates/signing-state.ts';
import type { LedgerValue } from './ledger.ts';
import type { SignedCrl } from './signed-crl.ts';
import { DAY } from './validity.ts';

type CrlValue = z.infer<typeof crls.schema>;

const LIFETIME = 7 * DAY;
/** The part of its lifetime after which a CRL is signed anew, so that a relying party always finds one with days to go. */
const RENEW_AFTER = 4 / 7;
const PAGE = 1_000;
/** Below the contract's 256 writes a commit, with room for the CRL's own. */
const MARKS_A_COMMIT = 200;
const ATTEMPTS = 10;

/**
 * The present CRL of an intermediate: the stored one while it shows every revocation and is far from its nextUpdate, else a new one.
 * Instances that re-sign at the same moment settle by compare-and-set on the CRL's document; the loser takes the winner's.
 */
export async function currentCrl(context: AuthorityContext, intermediate: InstalledIntermediate): Promise<SignedCrl> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    // Marks first: a CRL that takes them away between the two readings is then the one that is read.
    const marks = await pendingMarks(context, intermediate.id);
    const stored = await context.store.get(crls, intermediate.id);
    const fresh = stored !== undefined && context.clock.now() < renewAt(stored.value);
    if (fresh && marks.length === 0) return readCrl(context, intermediate.id, stored.value);
    const signed = await signCrl(context, intermediate, stored, marks);
    if (signed !== undefined) return signed;
  }
  throw new ConflictError(
    'COMMIT_CONFLICT',
    `The CRL of intermediate ${intermediate.id} moved ${ATTEMPTS} times while it was being signed`,
  );
}

/** When the CRL of an intermediate is to be signed next, in epoch milliseconds; 0 where one is missing or shows less than it must. */
export async function crlDueAt(context: AuthorityContext, intermediateId: string): Promise<number> {
  const stored = await context.store.get(crls, intermediateId);
  if (stored === undefined) return 0;
  const pending = await context.store.count(crlChanges, {
    index: 'byIntermediate',
    equals: { intermediate: intermediateId },
    upTo: 1,
  });
  return pending > 0 ? 0 : renewAt(stored.value);
}

function renewAt({ thisUpdate, nextUpdate }: CrlValue): number {
  return thisUpdate + Math.floor((nextUpdate - thisUpdate) * RENEW_AFTER);
}

async function signCrl(
  context: AuthorityContext,
  intermediate: InstalledIntermediate,
  stored: Entry<CrlValue> | undefined,
  marks: readonly string[],
): Promise<SignedCrl | undefined> {
  const { store, blobs, clock, crypto } = context;
  const thisUpdate = Math.floor(clock.now() / 1000) * 1000;
  const nextUpdate = Math.min(
    thisUpdate + LIFETIME,
    Math.max(intermediate.certificate.notAfter.getTime(), thisUpdate + DAY),
  );
  const number = Math.max((stored?.value.number ?? 0) + 1, Math.floor(thisUpdate / 1000));
  const signingKey = await intermediate.privateKey();
  const der = await buildCrl(
    {
      issuer: intermediate.certificate.subject,
      signatureAlgorithm: signatureAlgorithmFor(signingKey.publicKey.kind),
      signingKey,
      number: BigInt(number),
      thisUpdate: new Date(thisUpdate),
      nextUpdate: new Date(nextUpdate),
      authorityKeyIdentifier: intermediate.certificate.subjectKeyIdentifier,
      entries: await revokedEntries(context, intermediate.id, stored && Math.min(stored.value.thisUpdate, thisUpdate)),
    },
    crypto,
  );
  const blob = await blobs.write(der);
  const value: CrlValue = { number, thisUpdate, nextUpdate, blob: blob.id };
  const writes: Write[] = [
    store.put(crls, intermediate.id, value, { ifVersion: stored?.version ?? null }),
    ...blob.commitWith,
    ...(stored === undefined ? [] : [blobs.discard(stored.value.blob)]),
    ...marks.slice(0, MARKS_A_COMMIT).map((id) => store.delete(crlChanges, id)),
  ];
  const result = await store.commit(writes);
  if (!result.committed) return undefined;
  for (let at = MARKS_A_COMMIT; at < marks.length; at += MARKS_A_COMMIT) {
    await store.commit(marks.slice(at, at + MARKS_A_COMMIT).map((id) => store.delete(crlChanges, id)));
  }
  return describe(der, value);
}

/**
 * Every revocation that the CRL must show. One whose certificate has expired stays until a CRL was issued after that
 * (RFC 5280 section 5): the last CRL's thisUpdate tells, unless a clock that was ahead wrote it.
 */
async function revokedEntries(
  context: AuthorityContext,
  intermediate: string,
  lastUpdate: number | undefined,
): Promise<Iterable<CrlEntry>> {
  const entries = new Map<string, CrlEntry>();
  const range = lastUpdate === undefined ? {} : { from: lastUpdate };
  // Holds first: one that becomes a revocation between the two readings is then seen in both, not in neither.
  for (const state of ['onHold', 'revoked'] as const) {
    const query = { index: 'byIntermediateAndState', equals: { intermediate, state }, limit: PAGE, ...range };
    for await (const { value } of context.store.walk(ledger, query)) entries.set(value.serialNumber, crlEntry(value));
  }
  return entries.values();
}

function crlEntry({ serialNumber, revokedAt, reason, invalidityDate }: LedgerValue): CrlEntry {
  return {
    serialNumber,
    revokedAt: revokedAt ?? 0,
    ...(reason === undefined ? {} : { reason }),
    ...(invalidityDate === undefined ? {} : { invalidityDate }),
  };
}

/** Marks read before the ledger is: a revocation that comes later leaves a mark for the next CRL. */
async function pendingMarks({ store }: AuthorityContext, intermediate: string): Promise<string[]> {
  const marks: string[] = [];
  const query = { index: 'byIntermediate', equals: { intermediate }, limit: PAGE };
  for await (const { id } of store.walk(crlChanges, query)) marks.push(id);
  return marks;
}

/** Reads a stored CRL, or finds it in memory: one of a million entries is asked for again and again, and moves seldom. */
async function readCrl(
  { blobs, crlsRead }: AuthorityContext,
  intermediate: string,
  value: CrlValue,
): Promise<SignedCrl> {
  const known = crlsRead.get(intermediate);
  if (known?.blob === value.blob) return known.crl;
  const crl = describe(await blobs.read(value.blob), value);
  crlsRead.set(intermediate, { blob: value.blob, crl });
  return crl;
}

function describe(der: Uint8Array, { number, thisUpdate, nextUpdate }: CrlValue): SignedCrl {
  let pem: string | undefined;
  return {
    der,
    /** A third larger than the DER, which is what most callers serve: written when it is asked for. */
    get pem() {
      pem ??= encodePem('X509 CRL', der);
      return pem;
    },
    number,
    thisUpdate: new Date(thisUpdate),
    nextUpdate: new Date(nextUpdate),
  };
}
