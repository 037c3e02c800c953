import { uuidv7 } from '../../crypto/random-id.ts';
import { encodePem } from '../../encoding/pem.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { KeyAlgorithm } from '../../ports/crypto.ts';
import { sealField } from '../../store/seal.ts';
import type { Transaction } from '../../store/transaction.ts';
import { createCsr } from '../../x509/csr/csr-builder.ts';
import { intermediates } from '../collections.ts';
import type { AuthorityContext } from '../context.ts';
import { parseCaSubject } from '../policy/subject-text.ts';
import type { IntermediateValue } from './intermediate.ts';
import { intermediateKeyPlace } from './signing-state.ts';

/** A request for an intermediate, whose key waits in storage for the certificate. */
export interface IntermediateRequest {
  readonly id: string;
  /** PKCS#10, for `OfflineRoot.signIntermediate`. */
  readonly csrPem: string;
}

/** What an intermediate is to be. */
export interface RequestIntermediateOptions extends Abortable {
  /** RFC 4514. */
  readonly subject: string;
  /** `ECDSA-P256` by default. */
  readonly keyAlgorithm?: KeyAlgorithm;
}

/** Makes an intermediate's key, seals it into storage, and gives the CSR for the root to sign. */
export async function requestIntermediate(
  context: AuthorityContext,
  options: RequestIntermediateOptions,
): Promise<IntermediateRequest> {
  const { request, put } = await prepareRequest(context, options);
  await context.store.transact(async (transaction) => put(transaction), signalOf(options));
  return request;
}

/** A request that is ready to be written. */
export interface PreparedRequest {
  readonly request: IntermediateRequest;
  /** Writes it in a transaction. */
  put(transaction: Transaction): void;
}

/** Makes an intermediate's key and CSR. */
export async function prepareRequest(
  context: AuthorityContext,
  options: RequestIntermediateOptions,
): Promise<PreparedRequest> {
  const { crypto, clock, keyring, store } = context;
  const subject = parseCaSubject(options.subject);
  const id = uuidv7(clock, crypto);
  const key = await crypto.generateKey(options.keyAlgorithm ?? 'ECDSA-P256');
  const csrPem = encodePem('CERTIFICATE REQUEST', await createCsr({ subject, key, crypto }));
  const pkcs8 = await crypto.exportPrivateKey(key);
  const sealed = await sealField(store, keyring, intermediateKeyPlace(id), pkcs8);
  pkcs8.fill(0);
  const value: IntermediateValue = {
    authority: context.name,
    state: 'requested',
    subject: subject.toString(),
    createdAt: clock.now(),
    csr: csrPem,
  };
  return {
    request: { id, csrPem },
    put: (transaction) => transaction.put(intermediates, id, value, { bytes: sealed, ifVersion: null }),
  };
}
