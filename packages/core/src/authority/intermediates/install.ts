import { toBase64 } from '../../encoding/base64.ts';
import { toHex } from '../../encoding/hex.ts';
import { ConflictError, InvalidInputError, NotFoundError } from '../../errors/families.ts';
import { quote, shorten } from '../../errors/quote.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { parseCertificate, parseCertificates } from '../../x509/certificate/certificate.ts';
import { parseCrl } from '../../x509/crl/crl.ts';
import { parseCsr } from '../../x509/csr/csr.ts';
import { authorityExists, requireReservation } from '../bootstrap-reservation.ts';
import { authorities, intermediates } from '../collections.ts';
import type { AuthorityContext } from '../context.ts';
import { type CrlOptions, checkCrlOptions } from '../crl/crl-options.ts';
import { checkIntermediate, checkPath, checkTrustAnchor } from './install-checks.ts';
import { describeIntermediate, type Intermediate } from './intermediate.ts';
import { checkRootCrl, putRootCrl, readRootCrl } from './root-crl.ts';
import { intermediateNotFound } from './signing-state.ts';

/** A requested intermediate's certificate, and where its path ends. */
export interface InstallIntermediateOptions extends Abortable, CrlOptions {
  readonly certificatePem: string;
  /** One or more self-signed roots; the one that signed the certificate must be among them. */
  readonly trustAnchorsPem: string;
}

/** What only a bootstrap asks for. */
export interface FirstInstallOptions extends InstallIntermediateOptions {
  readonly bootstrap?: {
    /** Who has reserved the authority's name. */
    readonly owner: string;
    /** Installed in the same commit. */
    readonly rootCrl: Uint8Array;
  };
}

/** Puts a requested intermediate to work. One commit: two racing installs of one request end with one winner. */
export async function installIntermediate(
  context: AuthorityContext,
  requestId: string,
  options: FirstInstallOptions,
): Promise<Intermediate> {
  if (typeof requestId !== 'string') throw requestNotFound(requestId);
  const { store, clock, crypto, name } = context;
  const crlOptions = checkCrlOptions(options, context.baseUrl);
  const certificate = parseCertificate(options.certificatePem);
  const anchors = parseCertificates(options.trustAnchorsPem);
  for (const anchor of anchors) await checkTrustAnchor(anchor, crypto);
  return store.transact(async (transaction) => {
    const now = clock.now();
    const authority = await transaction.get(authorities, name);
    if (options.bootstrap !== undefined) {
      if (authority !== undefined) throw authorityExists(name);
      await requireReservation(context, transaction, options.bootstrap.owner);
    }
    const entry = await transaction.get(intermediates, requestId);
    if (entry === undefined || entry.value.authority !== name) throw requestNotFound(requestId);
    if (entry.value.state !== 'requested') {
      throw new ConflictError('INTERMEDIATE_ALREADY_INSTALLED', `Intermediate ${requestId} is installed already`, {
        facts: { id: requestId },
      });
    }
    const csr = parseCsr(entry.value.csr);
    const expected = { spki: csr.spki, subject: csr.subject.der };
    const signer = await checkIntermediate(certificate, expected, anchors, now, crypto);
    if (!context.skipPathValidation) await checkPath(certificate, signer, context);
    const fingerprint = toHex(await crypto.digest('SHA-256', signer.der));
    if (options.bootstrap !== undefined) {
      const rootCrl = parseCrl(options.bootstrap.rootCrl);
      await checkRootCrl(rootCrl, [signer], context);
      await putRootCrl(context, transaction, rootCrl, fingerprint);
    } else if ((await readRootCrl(context, transaction, fingerprint))?.find(certificate.serialNumber) !== undefined) {
      throw new InvalidInputError(
        'INTERMEDIATE_INVALID',
        `The root's CRL lists ${certificate.serialNumber} as revoked`,
      );
    }
    const revision = (authority?.value.revision ?? 0) + 1;
    transaction.put(authorities, name, {
      revision,
      createdAt: authority?.value.createdAt ?? now,
      trustAnchors: { ...authority?.value.trustAnchors, [fingerprint]: toBase64(signer.der) },
    });
    const value = {
      ...entry.value,
      state: 'active' as const,
      certificate: certificate.toPem(),
      trustAnchor: fingerprint,
      serialNumber: certificate.serialNumber,
      notBefore: certificate.notBefore.getTime(),
      notAfter: certificate.notAfter.getTime(),
      installedAt: now,
      installedIn: revision,
      ...crlOptions,
    };
    transaction.put(intermediates, requestId, value, entry.bytes === undefined ? {} : { bytes: entry.bytes });
    return describeIntermediate({ ...entry, value });
  }, signalOf(options));
}

/** An intermediate that signs no more certificates; its CRLs go on until what it signed has expired. */
export async function retireIntermediate(
  context: AuthorityContext,
  id: string,
  options: Abortable,
): Promise<Intermediate> {
  if (typeof id !== 'string') throw intermediateNotFound(id);
  return context.store.transact(async (transaction) => {
    const authority = await transaction.get(authorities, context.name);
    const entry = await transaction.get(intermediates, id);
    if (
      authority === undefined ||
      entry === undefined ||
      entry.value.authority !== context.name ||
      entry.value.installedAt === undefined
    ) {
      throw intermediateNotFound(id);
    }
    if (entry.value.retiredAt !== undefined || entry.value.state === 'revoked') return describeIntermediate(entry);
    // On hold it stays on hold, and is retired when it is released.
    const state = entry.value.state === 'active' ? 'retired' : entry.value.state;
    const value = { ...entry.value, state, retiredAt: context.clock.now() };
    transaction.put(authorities, context.name, { ...authority.value, revision: authority.value.revision + 1 });
    transaction.put(intermediates, id, value, entry.bytes === undefined ? {} : { bytes: entry.bytes });
    return describeIntermediate({ ...entry, value });
  }, signalOf(options));
}

function requestNotFound(id: string): NotFoundError {
  return new NotFoundError('INTERMEDIATE_REQUEST_NOT_FOUND', `No intermediate was requested under ${quote(id)}`, {
    facts: typeof id === 'string' ? { id: shorten(id) } : {},
  });
}
