import { z } from 'zod';
import { uuidv7 } from '../../crypto/random-id.ts';
import { equalBytes } from '../../encoding/bytes.ts';
import { decodePem } from '../../encoding/pem.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { KeyAlgorithm, KeyKind } from '../../ports/crypto.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Certificate } from '../certificate.ts';
import { certificateEvent } from '../certificate-event.ts';
import { activityOf, toCertificate } from '../certificate-record.ts';
import { type CertificateValue, certificates, generationKeys, generations } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { type CertificateChain, readChain } from '../generations/chain.ts';
import { sealGenerationKey } from '../generations/generation-key.ts';
import { planJob } from '../jobs/job.ts';
import { holdNames } from '../names/hold-names.ts';
import { onTakenName } from '../names/name-conflict.ts';
import { permitNames } from '../names/permit-names.ts';
import { parseNames } from '../names/subject-names.ts';
import { toChange } from '../serving/change.ts';
import { commonInput, parseInput } from './certificate-input.ts';

/** What to take over. */
export interface ImportCertificateOptions extends Abortable {
  /** End-entity certificate first, then those of its issuers in order; the root may be left out. */
  readonly chainPem: string;
  /** PKCS#8. */
  readonly privateKeyPem: string;
  readonly name?: string;
  /** Whose it is. It takes the options `accountGuard` and `nameGuard`. */
  readonly accountId?: string;
  /** Who renews it; left out, nobody does. */
  readonly issuer?: string;
  /** For the renewals. */
  readonly profile?: string;
  /** Default true. */
  readonly active?: boolean;
  /** Default true where there is an issuer. */
  readonly autoRenew?: boolean;
}

const importInput = z.strictObject({ ...commonInput, chainPem: z.string(), privateKeyPem: z.string() });

/** See `CertificateManager.import`. */
export async function importCertificate(
  context: CertificatesContext,
  options: ImportCertificateOptions,
): Promise<Certificate> {
  const input = parseInput(importInput, 'import() options', options);
  throwIfAborted(input.signal);
  const issuer = input.issuer === undefined ? undefined : context.issuers.named(input.issuer).name;
  const chain = await requireChain(context, input.chainPem);
  const subjectAltNames = parseNames(chain.names);
  const generationId = uuidv7(context.clock, context.crypto);
  const { sealedKey, keyAlgorithm } = await takeKey(context, generationId, chain, input.privateKeyPem);
  const now = context.clock.now();
  const { notBefore, notAfter, serialNumber, sha256Fingerprint, chainPem } = chain;
  const facts = { notBefore, notAfter, serialNumber, sha256Fingerprint, chainPem };
  const value: CertificateValue = {
    ...(input.name === undefined ? {} : { name: input.name, heldName: input.name }),
    ...(input.accountId === undefined ? {} : { accountId: input.accountId }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(input.profile === undefined ? {} : { profile: input.profile }),
    keyAlgorithm,
    subjectAltNames,
    state: 'issued',
    ...activityOf(input.active ?? true),
    autoRenew: issuer !== undefined && (input.autoRenew ?? true),
    generation: 1,
    current: generationId,
    ...facts,
    endsAt: notAfter,
    revision: 1,
    eventCount: 1,
    createdAt: now,
    updatedAt: now,
  };
  const id = uuidv7(context.clock, context.crypto);
  const version = await commitImported(context, id, value, { generationId, sealedKey, facts }, options);
  return toCertificate(context, { id, value, version });
}

interface ImportedGeneration {
  readonly generationId: string;
  readonly sealedKey: Uint8Array;
  readonly facts: Omit<CertificateChain, 'leaf' | 'names'>;
}

async function commitImported(
  context: CertificatesContext,
  id: string,
  value: CertificateValue,
  { generationId, sealedKey, facts }: ImportedGeneration,
  options: Abortable,
): Promise<string> {
  const { store, events } = context;
  const { accountId, subjectAltNames, active, createdAt, notBefore = createdAt } = value;
  const committing = store.transact(async (transaction) => {
    for (const check of await permitNames(context, accountId, subjectAltNames, signalOf(options)))
      transaction.add(check);
    const certificate = store.put(certificates, id, value, { ifVersion: null });
    transaction.add(certificate);
    const generation = { certificateId: id, number: 1, subjectAltNames, hasPrivateKey: true, createdAt, ...facts };
    transaction.put(generations, generationId, generation, { ifVersion: null });
    const key = { certificateId: id, createdAt };
    transaction.put(generationKeys, generationId, key, { ifVersion: null, bytes: sealedKey });
    const holder = { certificateId: id, accountId, generation: generationId };
    if (active) await holdNames(context, transaction, subjectAltNames, holder, 'last');
    planJob(context, transaction, id, value, { issuedAt: notBefore });
    if (events !== undefined) transaction.add(certificateEvent(events, 'certificate.imported', id, value));
    return certificate.version;
  }, signalOf(options));
  const version = await onTakenName(committing, value.name ?? id);
  context.changes.tell(toChange(id, value), version);
  return version;
}

async function requireChain({ crypto, clock }: CertificatesContext, chainPem: string): Promise<CertificateChain> {
  const chain = await readChain(chainPem, crypto);
  if ('fault' in chain) throw chainInvalid(chain.fault);
  if (chain.names.length === 0) throw chainInvalid('its certificate holds no subjectAltName');
  if (chain.notAfter <= clock.now()) throw chainInvalid(`it has ended on ${chain.leaf.notAfter.toISOString()}`);
  return chain;
}

async function takeKey(
  context: CertificatesContext,
  generationId: string,
  { leaf }: CertificateChain,
  privateKeyPem: string,
): Promise<{ readonly sealedKey: Uint8Array; readonly keyAlgorithm: KeyAlgorithm }> {
  const [block] = decodePem(privateKeyPem, { label: 'PRIVATE KEY', maxBlocks: 1 });
  const pkcs8 = block?.der as Uint8Array;
  try {
    const { publicKey } = await context.crypto.importPrivateKey(pkcs8);
    if (!equalBytes(publicKey.spki, leaf.spki)) throw chainInvalid('privateKeyPem is not the key of its certificate');
    return {
      keyAlgorithm: successorOf(publicKey.kind),
      sealedKey: await sealGenerationKey(context, generationId, pkcs8),
    };
  } finally {
    pkcs8.fill(0);
  }
}

/** What the next generation's key is to be: as strong as this one, of the kinds that are made here. */
function successorOf(kind: KeyKind): KeyAlgorithm {
  switch (kind.type) {
    case 'EC':
      return kind.curve === 'P-256' ? 'ECDSA-P256' : 'ECDSA-P384';
    case 'RSA':
      if (kind.modulusBits > 3072) return 'RSA-4096';
      return kind.modulusBits > 2048 ? 'RSA-3072' : 'RSA-2048';
    default:
      return 'Ed25519';
  }
}

function chainInvalid(problem: string): InvalidInputError {
  return new InvalidInputError('CHAIN_INVALID', `The chain cannot be imported: ${problem}`);
}
