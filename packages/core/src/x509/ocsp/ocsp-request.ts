import { invalidDer } from '../../encoding/der/der-error.ts';
import { DerReader } from '../../encoding/der/reader.ts';
import { contextTag, Tag } from '../../encoding/der/tags.ts';
import { derInput } from '../der-input.ts';
import { type Extension, readExtensions } from '../extensions/extension.ts';
import { malformed } from '../malformed.ts';
import { readGeneralName } from '../name/general-name-der.ts';
import { readSignatureAlgorithm } from '../signature-algorithm.ts';
import { readSignature } from '../signed.ts';
import { type OcspCertId, readCertId } from './cert-id.ts';
import { OCSP_NONCE } from './ocsp-oids.ts';

/** One certificate that a client asks about. */
export interface OcspQuery {
  readonly certId: OcspCertId;
  /** The CertID as it was sent, to be repeated in the answer; a view. */
  readonly der: Uint8Array;
}

/** An OCSP request (RFC 6960 section 4.1). Whether somebody signed it is not kept: anyone may ask. */
export interface OcspRequest {
  /** At least one, at most {@link MAX_QUERIES}. */
  readonly queries: readonly OcspQuery[];
  /** The nonce's OCTET STRING, header included, to be repeated in the answer; a view. */
  readonly nonce: Uint8Array | undefined;
}

/** The most bytes of a request that are read. */
export const MAX_REQUEST_BYTES = 64 * 1024;
/** The most certificates that one request may ask about. */
export const MAX_QUERIES = 100;

const MAX_NONCE = 128;
const VERSION = contextTag(0, true);
const SIGNATURE = contextTag(0, true);
const REQUESTOR = contextTag(1, true);
const REQUEST_EXTENSIONS = contextTag(2, true);

/**
 * Reads an OCSP request strictly. A signature must be well-formed and is not verified (RFC 6960 section 4.1.2 leaves that to
 * responders who ask for one); of the extensions the nonce alone is understood, so that another one must not be critical.
 *
 * @param der the OCSPRequest; at most {@link MAX_REQUEST_BYTES}
 * @returns what is asked; its byte strings are views of a copy of `der`
 * @throws {InvalidInputError} OCSP_INVALID: it is malformed, asks about nothing or too much, has an unknown critical extension, or
 *   a nonce that is not 1 to 128 octets long (RFC 9654 section 2.1)
 * @throws {InvalidInputError} DER_TOO_LARGE, INVALID_ARGUMENT: it is too large, or no bytes
 */
export function parseOcspRequest(der: Uint8Array): OcspRequest {
  const bytes = derInput(der, { what: 'OCSP request', labels: ['OCSP REQUEST'], maxBytes: MAX_REQUEST_BYTES });
  try {
    return readOcspRequest(new DerReader(bytes));
  } catch (cause) {
    throw malformed('OCSP_INVALID', 'OCSP request', 'OCSPRequest', cause);
  }
}

function readOcspRequest(outer: DerReader): OcspRequest {
  const request = outer.read(Tag.sequence);
  outer.finish();
  const tbs = request.read(Tag.sequence);
  const signature = request.optional(SIGNATURE);
  request.finish();
  if (signature !== undefined) checkSignatureShape(signature);

  const version = tbs.optional(VERSION);
  if (version !== undefined && version.smallInteger() !== 0)
    invalidDer('The request is of another version than 1', version.position);
  version?.finish();
  const requestor = tbs.optional(REQUESTOR);
  if (requestor !== undefined) readGeneralName(requestor);
  requestor?.finish();
  const queries = readQueries(tbs.read(Tag.sequence));
  const nonce = readNonce(readUnderstood(tbs, REQUEST_EXTENSIONS, OCSP_NONCE));
  tbs.finish();
  return { queries, nonce };
}

function checkSignatureShape(explicit: DerReader): void {
  const signature = explicit.read(Tag.sequence);
  explicit.finish();
  readSignatureAlgorithm(signature.element(Tag.sequence));
  readSignature(signature);
  const bag = signature.optional(contextTag(0, true));
  signature.finish();
  const certificates = bag?.read(Tag.sequence);
  bag?.finish();
  while (certificates !== undefined && !certificates.done) certificates.skip(Tag.sequence);
}

function readQueries(list: DerReader): OcspQuery[] {
  const queries: OcspQuery[] = [];
  if (list.done) invalidDer('The request asks about no certificate', list.position);
  while (!list.done) {
    if (queries.length === MAX_QUERIES)
      invalidDer(`The request asks about more than ${MAX_QUERIES} certificates`, list.position);
    const single = list.read(Tag.sequence);
    const start = single.position;
    const certId = readCertId(single);
    queries.push({ certId, der: single.bytes.subarray(start, single.position) });
    readUnderstood(single, contextTag(0, true));
    single.finish();
  }
  return queries;
}

function readUnderstood(reader: DerReader, tag: number, understood?: string): readonly Extension[] {
  const explicit = reader.optional(tag);
  if (explicit === undefined) return [];
  const list = explicit.read(Tag.sequence);
  explicit.finish();
  const extensions = readExtensions(list);
  const unknown = extensions.find(({ critical, oid }) => critical && oid !== understood);
  if (unknown !== undefined) invalidDer(`The critical extension ${unknown.oid} is not understood`, explicit.position);
  return extensions;
}

function readNonce(extensions: readonly Extension[]): Uint8Array | undefined {
  const value = extensions.find(({ oid }) => oid === OCSP_NONCE)?.value;
  if (value === undefined) return undefined;
  const reader = new DerReader(value);
  const { length } = reader.octetString();
  reader.finish();
  if (length < 1 || length > MAX_NONCE) invalidDer(`A nonce has ${length} octets, not 1 to ${MAX_NONCE}`, 0);
  return value;
}
