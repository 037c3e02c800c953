import { decodePem, encodePem } from '../../encoding/pem.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { CryptoProvider, KeyAlgorithm, KeyKind, PublicKey } from '../../ports/crypto.ts';
import { type CertificationRequest, parseCsr, verifyCsr } from '../../x509/csr/csr.ts';
import type { IssueOptions } from './request.ts';

/** The key that a certificate is for, and where it came from. */
export interface SubjectKey {
  readonly publicKey: PublicKey;
  readonly csr?: CertificationRequest;
  /** PKCS#8; only where the key was generated for this request. */
  readonly privateKeyPem?: string;
}

/** A key that a request brings along, or that is made for it once the request is known to be a good one. */
export interface RequestedKey {
  readonly kind: KeyKind;
  /** SubjectPublicKeyInfo, DER; undefined of a key that is to be made. */
  readonly spki: Uint8Array | undefined;
  /** The request that brought it. */
  readonly csr?: CertificationRequest;
  /** The key itself: made at the first call where it is to be made, the same one ever after. */
  take(): Promise<SubjectKey>;
}

/**
 * Looks at the key of a request: from a CSR, whose proof of possession is checked, as a bare public key, or one that is yet to be generated,
 * which takes the better part of a second for RSA.
 *
 * @throws {InvalidInputError} CSR_INVALID, CSR_SIGNATURE_INVALID, KEY_INVALID, KEY_UNSUPPORTED, PEM_INVALID, DER_INVALID, DER_TOO_LARGE
 */
export async function requestedKey(options: IssueOptions, crypto: CryptoProvider): Promise<RequestedKey> {
  const given = await givenKey(options, crypto);
  if (given !== undefined) {
    const key = Promise.resolve(given);
    const { csr, publicKey } = given;
    const { kind, spki } = publicKey;
    return { kind, spki, ...(csr === undefined ? {} : { csr }), take: () => key };
  }
  const algorithm = options.keyAlgorithm ?? 'ECDSA-P256';
  let key: Promise<SubjectKey> | undefined;
  return {
    kind: keyKindOf(algorithm),
    spki: undefined,
    take: () => {
      key ??= generateSubjectKey(algorithm, crypto);
      return key;
    },
  };
}

async function givenKey(options: IssueOptions, crypto: CryptoProvider): Promise<SubjectKey | undefined> {
  if (options.csr !== undefined) {
    const csr = parseCsr(options.csr);
    return { csr, publicKey: await verifyCsr(csr, crypto) };
  }
  if (options.publicKey !== undefined)
    return { publicKey: await crypto.importPublicKey(decodePublicKey(options.publicKey)) };
  return undefined;
}

async function generateSubjectKey(algorithm: KeyAlgorithm, crypto: CryptoProvider): Promise<SubjectKey> {
  const key = await crypto.generateKey(algorithm);
  const pkcs8 = await crypto.exportPrivateKey(key);
  const privateKeyPem = encodePem('PRIVATE KEY', pkcs8);
  pkcs8.fill(0);
  return { publicKey: key.publicKey, privateKeyPem };
}

/** What the provider makes of an algorithm's name. */
function keyKindOf(algorithm: KeyAlgorithm): KeyKind {
  switch (algorithm) {
    case 'Ed25519':
      return { type: 'Ed25519' };
    case 'ECDSA-P256':
      return { type: 'EC', curve: 'P-256' };
    case 'ECDSA-P384':
      return { type: 'EC', curve: 'P-384' };
    default:
      return { type: 'RSA', modulusBits: Number(algorithm.slice('RSA-'.length)), publicExponent: 65_537n };
  }
}

function decodePublicKey(publicKey: string | Uint8Array): Uint8Array {
  if (typeof publicKey !== 'string') return publicKey;
  const [block] = decodePem(publicKey, { label: 'PUBLIC KEY', maxBlocks: 1 });
  if (block === undefined) throw new InvalidInputError('PEM_INVALID', 'publicKey holds no PUBLIC KEY block');
  return block.der;
}
