import type { z } from 'zod';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { SealedField } from '../../store/seal.ts';
import { sealField } from '../../store/seal.ts';
import type { Entry } from '../../store/store.ts';
import type { Transaction } from '../../store/transaction.ts';
import { ledgerEvent } from '../authority-event.ts';
import { intermediates, ledger, ocspResponders } from '../collections.ts';
import type { AuthorityContext } from '../context.ts';
import type { IntermediateState } from '../intermediates/intermediate.ts';
import type { InstalledIntermediate } from '../intermediates/signing-state.ts';
import type { LedgerValue } from '../ledger.ts';
import { type MadeResponder, makeResponder, RESPONDER_PROFILE } from './make-responder.ts';

/** A responder as it is stored. */
export type ResponderEntry = Entry<z.infer<typeof ocspResponders.schema>>;

/** Where a responder's key is sealed to. */
export function responderKeyPlace(intermediateId: string): SealedField {
  return { collection: ocspResponders, id: intermediateId, field: 'privateKey' };
}

/** Whether an intermediate in this state certifies a responder. One that is revoked or on hold signs nothing but its own statements. */
export function mayCertifyResponder(state: IntermediateState): boolean {
  return state === 'active' || state === 'retired';
}

/**
 * Gives an intermediate a responder, unless another instance has done so: key, certificate, ledger entry and event in one commit
 * that asserts the intermediate's state. Of several that race one wins, and the others take what it has stored.
 *
 * @param isDue - whether the stored one must be replaced
 * @returns undefined where the intermediate may certify none any more
 */
export async function renewResponder(
  context: AuthorityContext,
  intermediate: InstalledIntermediate,
  isDue: (present: ResponderEntry) => boolean,
  options: Abortable,
): Promise<ResponderEntry | undefined> {
  const { store, keyring, events } = context;
  const { id } = intermediate;
  let made: MadeResponder | undefined;
  try {
    return await store.transact(async (transaction) => {
      const issuer = await transaction.get(intermediates, id);
      if (issuer === undefined || !mayCertifyResponder(issuer.value.state)) return undefined;
      const present = await transaction.get(ocspResponders, id);
      if (present !== undefined && !isDue(present)) return present;
      made ??= await makeResponder(context, intermediate);
      const { serialNumber, notBefore, notAfter } = made.ledgerValue;
      transaction.put(
        ocspResponders,
        id,
        { authority: context.name, serialNumber, certificate: made.certificatePem, notBefore, notAfter },
        { bytes: await sealField(store, keyring, responderKeyPlace(id), made.pkcs8) },
      );
      const document = context.ledger.documentId(serialNumber);
      transaction.put(ledger, document, made.ledgerValue, { bytes: made.certificateDer, ifVersion: null });
      if (events !== undefined) transaction.add(ledgerEvent(events, made.ledgerValue));
      return transaction.get(ocspResponders, id);
    }, signalOf(options));
  } finally {
    made?.pkcs8.fill(0);
  }
}

/** Takes a responder out of use in the commit that revokes its certificate: the next answer needs another one. */
export async function dropRevokedResponder(transaction: Transaction, value: LedgerValue): Promise<void> {
  if (value.profile !== RESPONDER_PROFILE || value.state === 'issued') return;
  const present = await transaction.get(ocspResponders, value.intermediate);
  if (present?.value.serialNumber === value.serialNumber) transaction.delete(ocspResponders, value.intermediate);
}
