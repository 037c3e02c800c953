import { invalidDer } from '../../encoding/der/der-error.ts';
import { DerReader } from '../../encoding/der/reader.ts';
import { contextTag, Tag } from '../../encoding/der/tags.ts';
import type { SignatureAlgorithm } from '../../ports/crypto.ts';
import { type CrlReason, crlReasonFromCode } from '../crl/crl-reason.ts';
import { derInput } from '../der-input.ts';
import { type Extension, readExtensions } from '../extensions/extension.ts';
import { malformed } from '../malformed.ts';
import { DistinguishedName } from '../name/distinguished-name.ts';
import { readSignatureAlgorithm } from '../signature-algorithm.ts';
import { readSignature } from '../signed.ts';
import { type OcspCertId, readCertId } from './cert-id.ts';
import { ocspErrorName } from './ocsp-error.ts';
import { BASIC_RESPONSE } from './ocsp-oids.ts';

/** What a responder says about one certificate. */
export interface OcspSingleResponse {
  readonly certId: OcspCertId;
  readonly status: 'good' | 'revoked' | 'unknown';
  readonly revokedAt: Date | undefined;
  readonly reason: CrlReason | undefined;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date | undefined;
  readonly extensions: readonly Extension[];
}

/** A BasicOCSPResponse (RFC 6960 section 4.2.1): signed, and here not yet verified. */
export interface OcspResponse {
  readonly tbs: Uint8Array;
  readonly signature: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  readonly signatureAlgorithmOid: string;
  readonly signatureSaltLength: number | undefined;
  /** Who signed: by name, or by the SHA-1 of the key. */
  readonly responder: { readonly name: DistinguishedName } | { readonly keyHash: Uint8Array };
  readonly producedAt: Date;
  readonly responses: readonly OcspSingleResponse[];
  readonly extensions: readonly Extension[];
  /** Certificates that came along, DER, not parsed. */
  readonly certificates: readonly Uint8Array[];
}

const MAX_BYTES = 1024 * 1024;

/**
 * Reads an OCSP response strictly (RFC 6960 section 4.2).
 *
 * @param der the OCSPResponse; at most 1 MiB
 * @returns the response, or the name of the error that the responder answered with
 * @throws {InvalidInputError} OCSP_INVALID: it is malformed, or of another type than basic
 * @throws {InvalidInputError} DER_TOO_LARGE, INVALID_ARGUMENT: more than 1 MiB, or no bytes
 */
export function parseOcspResponse(der: Uint8Array): OcspResponse | string {
  const bytes = derInput(der, { what: 'OCSP response', labels: ['OCSP RESPONSE'], maxBytes: MAX_BYTES });
  try {
    return readOcspResponse(new DerReader(bytes));
  } catch (cause) {
    throw malformed('OCSP_INVALID', 'OCSP response', 'OCSPResponse', cause);
  }
}

function readOcspResponse(outer: DerReader): OcspResponse | string {
  const response = outer.read(Tag.sequence);
  outer.finish();
  const status = response.smallInteger(Tag.enumerated);
  if (status !== 0) return ocspErrorName(status);
  const explicit = response.read(contextTag(0, true));
  response.finish();
  const responseBytes = explicit.read(Tag.sequence);
  explicit.finish();
  const type = responseBytes.oid();
  const basic = responseBytes.octetString();
  responseBytes.finish();
  return type === BASIC_RESPONSE ? readBasicResponse(new DerReader(basic)) : `a response of type ${type}`;
}

function readBasicResponse(outer: DerReader): OcspResponse {
  const basic = outer.read(Tag.sequence);
  outer.finish();
  const tbs = basic.element(Tag.sequence);
  const { oid, algorithm, saltLength } = readSignatureAlgorithm(basic.element(Tag.sequence));
  const signature = readSignature(basic);
  const bag = basic.optional(contextTag(0, true));
  basic.finish();
  const certificates: Uint8Array[] = [];
  const list = bag?.read(Tag.sequence);
  bag?.finish();
  while (list !== undefined && !list.done) certificates.push(list.element(Tag.sequence));

  const data = new DerReader(tbs).read(Tag.sequence);
  const version = data.optional(contextTag(0, true));
  if (version !== undefined && version.smallInteger() !== 0) return unsupportedVersion();
  const responder = readResponder(data);
  const producedAt = new Date(data.generalizedTime());
  const singles = data.read(Tag.sequence);
  const responses: OcspSingleResponse[] = [];
  while (!singles.done) responses.push(readSingle(singles.read(Tag.sequence)));
  const extensions = readExplicitExtensions(data, 1);
  data.finish();
  return {
    tbs,
    signature,
    signatureAlgorithm: algorithm,
    signatureAlgorithmOid: oid,
    signatureSaltLength: saltLength,
    responder,
    producedAt,
    responses,
    extensions,
    certificates,
  };
}

function readResponder(data: DerReader): OcspResponse['responder'] {
  const byName = data.optional(contextTag(1, true));
  if (byName !== undefined) {
    const name = DistinguishedName.fromDer(byName.element(Tag.sequence));
    byName.finish();
    return { name };
  }
  const byKey = data.read(contextTag(2, true));
  const keyHash = byKey.octetString();
  byKey.finish();
  return { keyHash };
}

function readSingle(single: DerReader): OcspSingleResponse {
  const certId = readCertId(single);
  const status = readStatus(single);
  const thisUpdate = new Date(single.generalizedTime());
  const next = single.optional(contextTag(0, true));
  const nextUpdate = next && new Date(next.generalizedTime());
  next?.finish();
  const extensions = readExplicitExtensions(single, 1);
  single.finish();
  return { certId, ...status, thisUpdate, nextUpdate, extensions };
}

function readStatus(single: DerReader): Pick<OcspSingleResponse, 'status' | 'revokedAt' | 'reason'> {
  const none = { revokedAt: undefined, reason: undefined };
  if (single.peekTag() === contextTag(0, false)) return emptyStatus(single, 0, { status: 'good', ...none });
  if (single.peekTag() === contextTag(2, false)) return emptyStatus(single, 2, { status: 'unknown', ...none });
  const info = single.read(contextTag(1, true));
  const revokedAt = new Date(info.generalizedTime());
  const explicit = info.optional(contextTag(0, true));
  const reason = explicit && crlReasonFromCode(explicit.smallInteger(Tag.enumerated));
  explicit?.finish();
  info.finish();
  return { status: 'revoked', revokedAt, reason };
}

function emptyStatus<T>(single: DerReader, tagNumber: number, status: T): T {
  const content = single.content(contextTag(tagNumber, false));
  if (content.length > 0) invalidDer('A status that has no content has some', single.position);
  return status;
}

function readExplicitExtensions(reader: DerReader, tagNumber: number): readonly Extension[] {
  const explicit = reader.optional(contextTag(tagNumber, true));
  if (explicit === undefined) return [];
  const list = explicit.read(Tag.sequence);
  explicit.finish();
  return readExtensions(list);
}

function unsupportedVersion(): never {
  return invalidDer('The response is of another version than 1', 0);
}
