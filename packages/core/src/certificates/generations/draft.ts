import { uuidv7 } from '../../crypto/random-id.ts';
import { fromBase64, toBase64 } from '../../encoding/base64.ts';
import type { KeyAlgorithm, PrivateKey } from '../../ports/crypto.ts';
import type { Entry } from '../../store/entry.ts';
import type { Transaction } from '../../store/transaction.ts';
import { parseCsr, verifyCsr } from '../../x509/csr/csr.ts';
import { createCsr } from '../../x509/csr/csr-builder.ts';
import { DistinguishedName } from '../../x509/name/distinguished-name.ts';
import { parseGeneralNameText } from '../../x509/name/general-name.ts';
import { type CertificateValue, type GenerationValue, generationKeys, generations } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { openGenerationKey, sealGenerationKey } from './generation-key.ts';

const REMEMBERED_MS = 30 * 86_400_000;

/** Where the key of a generation comes from. */
export type KeySource =
  | { readonly keyAlgorithm: KeyAlgorithm }
  /** The key of another generation. */
  | { readonly keyOf: Entry<object> }
  /** DER: the key stays elsewhere. */
  | { readonly csrDer: Uint8Array };

/** A generation before anybody is asked for it: with key and CSR, it can be asked for again and again. */
export interface Draft {
  readonly id: string;
  readonly subjectAltNames: readonly string[];
  readonly csrDer: Uint8Array;
  /** Of a key that was made for it. */
  readonly keyAlgorithm?: KeyAlgorithm;
  /** Absent where the key stays elsewhere. */
  readonly sealedKey?: Uint8Array;
}

/** Makes a draft: an id, a key that is sealed at once, and a CSR. */
export async function makeDraft(
  context: CertificatesContext,
  subjectAltNames: readonly string[],
  source: KeySource,
): Promise<Draft> {
  const { clock, crypto } = context;
  const id = uuidv7(clock, crypto);
  if ('csrDer' in source) return { id, subjectAltNames, csrDer: source.csrDer };
  const key = await keyFrom(context, source);
  const csrDer = await createCsr({
    // Names stand in the subjectAltName alone: a common name adds nothing that a relying party reads.
    subject: DistinguishedName.parse(''),
    key,
    subjectAltNames: subjectAltNames.map(parseGeneralNameText),
    crypto,
  });
  const sealedKey = await sealGenerationKey(context, id, await crypto.exportPrivateKey(key));
  return { id, subjectAltNames, csrDer, sealedKey, ...('keyAlgorithm' in source ? source : {}) };
}

/** What a generation is asked for with, beside its draft. It stays so, whatever becomes of the certificate: the issuer knows the request by its id. */
export interface DraftTerms {
  readonly certificateId: string;
  readonly number: number;
  readonly issuer: string;
  readonly profile?: string | undefined;
  readonly lifetimeMs?: number | undefined;
}

/** Whether a generation is asked for with what its certificate says of those to come: an update may have changed that since. */
export function isOnTermsOf(certificate: CertificateValue, generation: GenerationValue): boolean {
  const { profile, lifetimeMs, keyAlgorithm = certificate.keyAlgorithm } = generation;
  return (
    profile === certificate.profile &&
    lifetimeMs === certificate.lifetimeMs &&
    keyAlgorithm === certificate.keyAlgorithm
  );
}

/** Adds a draft to a transaction, as a generation that is yet to be asked for. */
export function putDraft(
  { store, clock }: CertificatesContext,
  transaction: Transaction,
  draft: Draft,
  { certificateId, number, issuer, profile, lifetimeMs }: DraftTerms,
): void {
  const { id, subjectAltNames, csrDer, keyAlgorithm, sealedKey } = draft;
  const createdAt = clock.now();
  const value = {
    certificateId,
    number,
    issuer,
    ...(profile === undefined ? {} : { profile }),
    ...(lifetimeMs === undefined ? {} : { lifetimeMs }),
    subjectAltNames: [...subjectAltNames],
    csr: toBase64(csrDer),
    hasPrivateKey: sealedKey !== undefined,
    ...(keyAlgorithm === undefined ? {} : { keyAlgorithm }),
    createdAt,
  };
  transaction.add(store.put(generations, id, value, { ifVersion: null }));
  if (sealedKey === undefined) return;
  transaction.add(store.put(generationKeys, id, { certificateId, createdAt }, { ifVersion: null, bytes: sealedKey }));
}

/** Adds to a transaction that a generation is forgotten, for which nobody will ever get a certificate. */
export function dropDraft({ store }: CertificatesContext, transaction: Transaction, id: string): void {
  transaction.add(store.delete(generations, id));
  transaction.add(store.delete(generationKeys, id));
}

/**
 * Adds to a transaction that a generation is not wanted any more. Its issuer may be giving it at this moment: the request is kept, without its
 * key, so that what it gave can be revoked.
 *
 * @param keepMs for how long, milliseconds; default: a month, after which no issuer remembers the request
 */
export async function giveUpDraft(
  { store, clock }: CertificatesContext,
  transaction: Transaction,
  id: string,
  keepMs = REMEMBERED_MS,
): Promise<void> {
  const generation = await transaction.get(generations, id);
  transaction.add(store.delete(generationKeys, id));
  if (generation === undefined) return;
  const value = { ...generation.value, hasPrivateKey: false };
  transaction.put(generations, id, value, { expiresAt: clock.now() + keepMs });
}

/**
 * Reads a CSR of the caller's, and makes sure that its author has the key.
 *
 * @returns DER
 * @throws {InvalidInputError} CSR_INVALID, CSR_SIGNATURE_INVALID, PEM_INVALID, DER_TOO_LARGE, INVALID_ARGUMENT, KEY_INVALID, KEY_UNSUPPORTED,
 *   SIGNATURE_ALGORITHM_UNSUPPORTED
 */
export async function provenCsr({ crypto }: CertificatesContext, csr: string | Uint8Array): Promise<Uint8Array> {
  const request = parseCsr(csr);
  await verifyCsr(request, crypto);
  return request.der;
}

/** The CSR of a generation as it is stored. */
export function storedCsr(csr: string | undefined): Uint8Array {
  return fromBase64(csr ?? '');
}

async function keyFrom(
  context: CertificatesContext,
  source: Exclude<KeySource, { readonly csrDer: Uint8Array }>,
): Promise<PrivateKey> {
  if ('keyAlgorithm' in source) return context.crypto.generateKey(source.keyAlgorithm);
  const pkcs8 = await openGenerationKey(context, source.keyOf);
  try {
    return await context.crypto.importPrivateKey(pkcs8);
  } finally {
    pkcs8.fill(0);
  }
}
