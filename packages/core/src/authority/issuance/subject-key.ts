import { decodePem, encodePem } from '../../encoding/pem.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { CryptoProvider, PublicKey } from '../../ports/crypto.ts';
import { type CertificationRequest, parseCsr, verifyCsr } from '../../x509/csr/csr.ts';
import type { IssueOptions } from './request.ts';

/** The key that a certificate is for, and where it came from. */
export interface SubjectKey {
  readonly publicKey: PublicKey;
  readonly csr?: CertificationRequest;
  /** PKCS#8; only where the key was generated for this request. */
  readonly privateKeyPem?: string;
}

/**
 * Takes the key of a request: from a CSR, whose proof of possession is checked, as a bare public key, or newly generated.
 *
 * @throws {InvalidInputError} CSR_INVALID, CSR_SIGNATURE_INVALID, KEY_INVALID, KEY_UNSUPPORTED, PEM_INVALID, DER_INVALID, DER_TOO_LARGE
 */
export async function takeSubjectKey(options: IssueOptions, crypto: CryptoProvider): Promise<SubjectKey> {
  if (options.csr !== undefined) {
    const csr = parseCsr(options.csr);
    return { csr, publicKey: await verifyCsr(csr, crypto) };
  }
  if (options.publicKey !== undefined)
    return { publicKey: await crypto.importPublicKey(decodePublicKey(options.publicKey)) };
  const key = await crypto.generateKey(options.keyAlgorithm ?? 'ECDSA-P256');
  const pkcs8 = await crypto.exportPrivateKey(key);
  const privateKeyPem = encodePem('PRIVATE KEY', pkcs8);
  pkcs8.fill(0);
  return { publicKey: key.publicKey, privateKeyPem };
}

function decodePublicKey(publicKey: string | Uint8Array): Uint8Array {
  if (typeof publicKey !== 'string') return publicKey;
  const [block] = decodePem(publicKey, { label: 'PUBLIC KEY', maxBlocks: 1 });
  if (block === undefined) throw new InvalidInputError('PEM_INVALID', 'publicKey holds no PUBLIC KEY block');
  return block.der;
}
