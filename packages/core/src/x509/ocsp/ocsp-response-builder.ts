import { signatureAlgorithmFor } from '../../crypto/algorithms.ts';
import { headerLength, writeHeader } from '../../encoding/der/length.ts';
import { contextTag, Tag } from '../../encoding/der/tags.ts';
import { writeTime } from '../../encoding/der/time.ts';
import { derContext, derNull, derOctetString, derOid, derSequence } from '../../encoding/der/writer.ts';
import type { CryptoProvider, MaybePromise, PrivateKey, SignatureAlgorithm } from '../../ports/crypto.ts';
import { andThen } from '../../ports/maybe-promise.ts';
import { type Extension, encodeExtensions } from '../extensions/extension.ts';
import { encodeSignatureAlgorithm } from '../signature-algorithm.ts';
import { BASIC_RESPONSE, OCSP_EXTENDED_REVOKE, OCSP_NONCE } from './ocsp-oids.ts';
import { type OcspAnswer, singleResponseLength, writeSingleResponse } from './single-response.ts';

/** Who signs responses. */
export interface OcspResponderIdentity {
  readonly signingKey: PrivateKey;
  /** SHA-1 of the bits of the signing key's subjectPublicKey (RFC 6960 section 4.2.1). */
  readonly keyHash: Uint8Array;
  /** The delegated responder's certificate, DER, to go with each response; absent where the issuer itself signs. */
  readonly certificate?: Uint8Array;
}

/** What one response says. */
export interface OcspResponseContents {
  /** Milliseconds since the epoch, cut to whole seconds, as are the times of the answers. */
  readonly producedAt: number;
  readonly answers: readonly OcspAnswer[];
  /** The request's nonce: its OCTET STRING, header included. */
  readonly nonce: Uint8Array | undefined;
  /** Whether an answer says `revoked` of a certificate that was never issued, which a response must own up to. Default false. */
  readonly extendedRevoke?: boolean;
}

const TIME = 17;
const OK = Uint8Array.of(Tag.enumerated, 1, 0);
const TYPE = derOid(BASIC_RESPONSE);
const RESPONSE_BYTES = contextTag(0, true);

/** Makes and signs the responses of one responder; what all of them have in common is encoded once. */
export class OcspResponseBuilder {
  readonly #key: PrivateKey;
  readonly #algorithm: SignatureAlgorithm;
  readonly #algorithmIdentifier: Uint8Array;
  readonly #responderId: Uint8Array;
  readonly #certificates: Uint8Array;

  /** @param identity whose responses */
  constructor({ signingKey, keyHash, certificate }: OcspResponderIdentity) {
    this.#key = signingKey;
    this.#algorithm = signatureAlgorithmFor(signingKey.publicKey.kind);
    this.#algorithmIdentifier = encodeSignatureAlgorithm(this.#algorithm);
    this.#responderId = derContext(2, true, derOctetString(keyHash));
    this.#certificates = certificate === undefined ? new Uint8Array() : derContext(0, true, derSequence(certificate));
  }

  /**
   * Makes a successful response (RFC 6960 section 4.2). It answers at once when the provider signs at once.
   *
   * @param contents what it says
   * @param crypto signs
   * @returns the OCSPResponse, DER
   * @throws {InvalidInputError} INVALID_ARGUMENT: a time is not within the years 0 to 9999
   */
  build(contents: OcspResponseContents, crypto: CryptoProvider): MaybePromise<Uint8Array> {
    const data = this.#encodeData(contents);
    return andThen(crypto.sign(this.#key, this.#algorithm, data), (signature) => this.#join(data, signature));
  }

  /** The ResponseData, which the signature covers, measured first and written into one buffer. */
  #encodeData({ producedAt, answers, nonce, extendedRevoke = false }: OcspResponseContents): Uint8Array {
    const listLength = answers.reduce((sum, answer) => sum + singleResponseLength(answer), 0);
    const extensions = encodeResponseExtensions(nonce, extendedRevoke);
    const length = this.#responderId.length + TIME + headerLength(listLength) + listLength + (extensions?.length ?? 0);
    const data = new Uint8Array(headerLength(length) + length);
    let at = writeHeader(data, 0, Tag.sequence, length);
    data.set(this.#responderId, at);
    at = writeHeader(data, at + this.#responderId.length, Tag.generalizedTime, 15);
    at = writeTime(data, at, producedAt, 'generalized');
    at = writeHeader(data, at, Tag.sequence, listLength);
    for (const answer of answers) at = writeSingleResponse(data, at, answer);
    if (extensions !== undefined) data.set(extensions, at);
    return data;
  }

  /** SEQUENCE { successful, [0] SEQUENCE { basic, OCTET STRING { SEQUENCE { data, algorithm, signature, certificates } } } } */
  #join(data: Uint8Array, signature: Uint8Array): Uint8Array {
    const bitsLength = 1 + signature.length;
    const basicLength =
      data.length +
      this.#algorithmIdentifier.length +
      headerLength(bitsLength) +
      bitsLength +
      this.#certificates.length;
    const octetsLength = headerLength(basicLength) + basicLength;
    const bytesLength = TYPE.length + headerLength(octetsLength) + octetsLength;
    const explicitLength = headerLength(bytesLength) + bytesLength;
    const length = OK.length + headerLength(explicitLength) + explicitLength;

    const response = new Uint8Array(headerLength(length) + length);
    let at = put(response, writeHeader(response, 0, Tag.sequence, length), OK);
    at = writeHeader(response, at, RESPONSE_BYTES, explicitLength);
    at = put(response, writeHeader(response, at, Tag.sequence, bytesLength), TYPE);
    at = writeHeader(response, at, Tag.octetString, octetsLength);
    at = put(response, writeHeader(response, at, Tag.sequence, basicLength), data);
    at = put(response, at, this.#algorithmIdentifier);
    // The octet behind the header, the count of unused bits, is zero already.
    at = put(response, writeHeader(response, at, Tag.bitString, bitsLength) + 1, signature);
    put(response, at, this.#certificates);
    return response;
  }
}

function encodeResponseExtensions(nonce: Uint8Array | undefined, extendedRevoke: boolean): Uint8Array | undefined {
  const extensions: Extension[] = [];
  if (nonce !== undefined) extensions.push({ oid: OCSP_NONCE, critical: false, value: nonce });
  if (extendedRevoke) extensions.push({ oid: OCSP_EXTENDED_REVOKE, critical: false, value: derNull() });
  return extensions.length === 0 ? undefined : derContext(1, true, encodeExtensions(extensions));
}

function put(target: Uint8Array, at: number, bytes: Uint8Array): number {
  target.set(bytes, at);
  return at + bytes.length;
}
