import { concatBytes } from '../../src/encoding/bytes.ts';
import { derContext, derInteger, derNull, derOctetString, derOid, derSequence } from '../../src/encoding/der/writer.ts';
import { fromHex } from '../../src/encoding/hex.ts';
import { type DigestAlgorithm, nodeCrypto } from '../../src/index.ts';
import { parseCertificate } from '../../src/x509/certificate/certificate.ts';
import { type Extension, encodeExtensions } from '../../src/x509/extensions/extension.ts';
import { CERT_ID_DIGESTS, keyBits } from '../../src/x509/ocsp/cert-id.ts';
import { OCSP_NONCE } from '../../src/x509/ocsp/ocsp-oids.ts';
import { type OcspResponse, type OcspSingleResponse, parseOcspResponse } from '../../src/x509/ocsp/ocsp-response.ts';

export interface TestOcspRequestOptions {
  /** Lower-case hex. */
  readonly serialNumbers: readonly string[];
  /** `SHA-1` by default. */
  readonly digest?: DigestAlgorithm;
  readonly nonce?: Uint8Array;
  readonly extensions?: readonly Extension[];
  readonly singleExtensions?: readonly Extension[];
}

/** A CertID of a certificate that an issuer, PEM, has signed. */
export async function testCertId(
  issuerPem: string,
  serialNumber: string,
  digest: DigestAlgorithm = 'SHA-1',
): Promise<Uint8Array> {
  const { subject, spki } = parseCertificate(issuerPem);
  const crypto = nodeCrypto();
  const [oid] = [...CERT_ID_DIGESTS].find(([, name]) => name === digest) as [string, DigestAlgorithm];
  return derSequence(
    derSequence(derOid(oid), derNull()),
    derOctetString(await crypto.digest(digest, subject.der)),
    derOctetString(await crypto.digest(digest, keyBits(spki))),
    derInteger(fromHex(serialNumber)),
  );
}

/** Makes an OCSP request about certificates of an issuer, PEM. */
export async function testOcspRequest(issuerPem: string, options: TestOcspRequestOptions): Promise<Uint8Array> {
  const ids = await Promise.all(options.serialNumbers.map((serial) => testCertId(issuerPem, serial, options.digest)));
  return testOcspRequestOf(ids, options);
}

/** Makes an OCSP request of CertIDs in DER. */
export function testOcspRequestOf(
  ids: readonly Uint8Array[],
  { nonce, extensions = [], singleExtensions = [] }: Omit<TestOcspRequestOptions, 'serialNumbers' | 'digest'> = {},
): Uint8Array {
  const singles = singleExtensions.length === 0 ? [] : [derContext(0, true, encodeExtensions(singleExtensions))];
  const requests = ids.map((id) => derSequence(id, ...singles));
  const all = [
    ...(nonce === undefined ? [] : [{ oid: OCSP_NONCE, critical: false, value: derOctetString(nonce) }]),
    ...extensions,
  ];
  const wrapped = all.length === 0 ? new Uint8Array() : derContext(2, true, encodeExtensions(all));
  return derSequence(derSequence(concatBytes([derSequence(...requests), wrapped])));
}

/** Reads a response that must be a successful one. */
export function successful(der: Uint8Array): OcspResponse {
  const response = parseOcspResponse(der);
  if (typeof response === 'string') throw new Error(`The responder answered ${response}`);
  return response;
}

/** The answer to a request about one certificate. */
export function onlyAnswer(der: Uint8Array): OcspSingleResponse {
  const { responses } = successful(der);
  if (responses.length !== 1) throw new Error(`${responses.length} answers instead of one`);
  return responses[0] as OcspSingleResponse;
}
