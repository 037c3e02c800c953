import { toHex } from '../../encoding/hex.ts';
import { ConflictError, InvalidInputError } from '../../errors/families.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Transaction } from '../../store/transaction.ts';
import type { Certificate } from '../../x509/certificate/certificate.ts';
import { type CertificateRevocationList, parseCrl } from '../../x509/crl/crl.ts';
import { authorities, intermediates, rootCrls } from '../collections.ts';
import type { AuthorityContext } from '../context.ts';
import type { IntermediateValue } from './intermediate.ts';
import { isSignedBy } from './signature.ts';
import { listIntermediates, type SigningState } from './signing-state.ts';

/**
 * Installs a root's CRL: intermediates that it lists stop signing, and one that it no longer holds goes on. Everything in one commit.
 *
 * @throws {InvalidInputError} ROOT_CRL_INVALID: not signed by a trust anchor of this authority, not yet or no longer valid
 * @throws {ConflictError} ROOT_CRL_OLDER: a newer one is installed
 */
export async function installRootCrl(
  context: AuthorityContext,
  state: SigningState,
  pemOrDer: string | Uint8Array,
  options: Abortable,
): Promise<void> {
  const crl = parseCrl(pemOrDer);
  const { trustAnchors } = await state.fresh();
  const anchor = await checkRootCrl(crl, trustAnchors, context);
  const fingerprint = toHex(await context.crypto.digest('SHA-256', anchor.der));
  await context.store.transact(async (transaction) => {
    const authority = await transaction.get(authorities, context.name);
    if (authority === undefined) return;
    await putRootCrl(context, transaction, crl, fingerprint);
    let changed = false;
    for (const listed of await listIntermediates(context)) {
      if (listed.value.trustAnchor !== fingerprint) continue;
      const entry = await transaction.get(intermediates, listed.id);
      const value = entry === undefined ? undefined : applyRootCrl(entry.value, crl);
      if (entry === undefined || value === undefined) continue;
      transaction.put(intermediates, entry.id, value, entry.bytes === undefined ? {} : { bytes: entry.bytes });
      changed = true;
    }
    // The authority moves even where nothing changed: an intermediate that is being installed meanwhile must see this CRL.
    const revision = authority.value.revision + (changed ? 1 : 0);
    transaction.put(authorities, context.name, { ...authority.value, revision });
  }, signalOf(options));
}

/** Stores a checked root CRL, unless a newer one is there. */
export async function putRootCrl(
  context: AuthorityContext,
  transaction: Transaction,
  crl: CertificateRevocationList,
  trustAnchor: string,
): Promise<void> {
  const id = rootCrlId(context.name, trustAnchor);
  refuseOlder(crl, (await transaction.get(rootCrls, id))?.value.number);
  const [thisUpdate, nextUpdate] = [crl.thisUpdate.getTime(), crl.nextUpdate?.getTime() ?? 0];
  transaction.put(
    rootCrls,
    id,
    { authority: context.name, number: String(crl.number), thisUpdate, nextUpdate },
    { bytes: crl.der },
  );
}

/** The installed CRL of a trust anchor, if there is one. */
export async function readRootCrl(
  context: AuthorityContext,
  transaction: Transaction,
  trustAnchor: string,
): Promise<CertificateRevocationList | undefined> {
  const entry = await transaction.get(rootCrls, rootCrlId(context.name, trustAnchor));
  return entry?.bytes === undefined ? undefined : parseCrl(entry.bytes);
}

function rootCrlId(authority: string, trustAnchor: string): string {
  return `${authority}/${trustAnchor}`;
}

/** Finds the trust anchor that signed a CRL, and judges its dates. */
export async function checkRootCrl(
  crl: CertificateRevocationList,
  trustAnchors: readonly Certificate[],
  { clock, crypto }: AuthorityContext,
): Promise<Certificate> {
  const anchor = await findSigner(crl, trustAnchors, crypto);
  const [unhandled] = crl.unhandledCriticalExtensions;
  if (unhandled !== undefined) throw invalid(`it has the critical extension ${unhandled}: a full CRL is needed`);
  if (crl.number === undefined) throw invalid('it has no CRL number');
  if (crl.nextUpdate === undefined) throw invalid('it has no nextUpdate');
  const now = clock.now();
  if (crl.thisUpdate.getTime() > now) throw invalid(`it is not valid before ${crl.thisUpdate.toISOString()}`);
  if (crl.nextUpdate.getTime() < now) throw invalid(`it has expired at ${crl.nextUpdate.toISOString()}`);
  return anchor;
}

async function findSigner(
  crl: CertificateRevocationList,
  trustAnchors: readonly Certificate[],
  crypto: CryptoProvider,
): Promise<Certificate> {
  const named = trustAnchors.filter(({ subject }) => subject.equals(crl.issuer));
  for (const anchor of named) {
    if (await isSignedBy(crl, anchor, crypto)) return anchor;
  }
  const issuer = JSON.stringify(crl.issuer.toString());
  throw invalid(
    named.length === 0 ? `no trust anchor is named ${issuer}` : `the key of the trust anchor ${issuer} did not sign it`,
  );
}

function refuseOlder(crl: CertificateRevocationList, installed: string | undefined): void {
  if (installed === undefined || crl.number === undefined || crl.number >= BigInt(installed)) return;
  throw new ConflictError('ROOT_CRL_OLDER', `CRL number ${crl.number} is older than the installed ${installed}`, {
    facts: { number: String(crl.number), installed },
  });
}

/** What the CRL makes of an intermediate; `undefined` where nothing changes. */
function applyRootCrl(value: IntermediateValue, crl: CertificateRevocationList): IntermediateValue | undefined {
  const entry = value.serialNumber === undefined ? undefined : crl.find(value.serialNumber);
  if (entry === undefined) {
    if (value.state !== 'onHold') return undefined;
    const { revokedAt: _, reason: __, ...rest } = value;
    return { ...rest, state: value.retiredAt === undefined ? 'active' : 'retired' };
  }
  const reason = entry.reason ?? 'unspecified';
  // What is revoked stays so: a hold could be released.
  if (value.state === 'revoked' && reason === 'certificateHold') return undefined;
  const state = reason === 'certificateHold' ? 'onHold' : 'revoked';
  if (value.state === state && value.reason === reason) return undefined;
  return { ...value, state, reason, revokedAt: entry.revokedAt.getTime() };
}

function invalid(why: string): InvalidInputError {
  return new InvalidInputError('ROOT_CRL_INVALID', `This root CRL cannot be installed: ${why}`);
}
