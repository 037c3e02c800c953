import { z } from 'zod';
import { KEY_ALGORITHMS } from '../../crypto/algorithms.ts';
import { isBytes } from '../../encoding/bytes.ts';
import { invalidArgument } from '../../errors/from-issues.ts';
import type { KeyAlgorithm } from '../../ports/crypto.ts';
import type { CertificateValidity } from '../../ports/issuer.ts';
import { isTextRecord } from '../text-record.ts';

/** What `CertificateAuthority.issue` is asked for. The key comes as one of `csr`, `publicKey` and `keyAlgorithm`. */
export interface IssueOptions {
  /** PKCS#10, PEM or DER: the request must prove possession of its key. */
  readonly csr?: string | Uint8Array;
  /** SubjectPublicKeyInfo, PEM or DER. The caller vouches for possession of its private key. */
  readonly publicKey?: string | Uint8Array;
  /** Generate a key of this kind; the result then holds `privateKeyPem`, and nothing else ever does. `ECDSA-P256` by default. */
  readonly keyAlgorithm?: KeyAlgorithm;
  /** The name of a built-in profile or one of the authority's own; `server` by default. */
  readonly profile?: string;
  /**
   * The names to certify: `a.example`, `ip:10.0.0.1`, `uri:spiffe://…`, `email:a@b.example`. They alone count: a CSR that holds
   * others is refused, and names that stand only in a CSR are not taken over.
   */
  readonly subjectAltNames?: readonly string[];
  /** Defaults to the CSR's, where it has one. */
  readonly commonName?: string;
  /** A whole subject as an RFC 4514 string, instead of `commonName`. */
  readonly subject?: string;
  /** The profile's default otherwise, 90 days for the built-in ones. Counted from now; `notBefore` lies 5 minutes earlier. */
  readonly validity?: CertificateValidity;
  readonly accountId?: string;
  /** Facts of the caller's own, kept in the ledger. At most 32 of 256 characters each. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const encoded = z.custom<string | Uint8Array>(
  (value) => typeof value === 'string' || isBytes(value),
  'expected PEM text or DER bytes',
);

const issueOptions = z
  .strictObject({
    csr: encoded.optional(),
    publicKey: encoded.optional(),
    keyAlgorithm: z.enum(KEY_ALGORITHMS).optional(),
    profile: z.string().optional(),
    // What is over the limit of one certificate is a policy violation; this only bounds the work of finding that out.
    subjectAltNames: z.array(z.string()).max(10_000).optional(),
    commonName: z.string().min(1).optional(),
    subject: z.string().optional(),
    validity: z
      .union([
        z.strictObject({ days: z.number().positive() }),
        z.strictObject({ hours: z.number().positive() }),
        z.strictObject({ notAfter: z.date() }),
      ])
      .optional(),
    accountId: z.string().min(1).max(128).refine(isWellFormed, 'ill-formed Unicode, or NUL').optional(),
    metadata: z
      .custom<Readonly<Record<string, string>>>(
        isMetadata,
        'expected at most 32 texts by name, each of at most 256 characters of well-formed Unicode without NUL',
      )
      .optional(),
    signal: z.custom<AbortSignal>((value) => value instanceof AbortSignal).optional(),
  })
  .refine(
    ({ csr, publicKey, keyAlgorithm }) =>
      [csr, publicKey, keyAlgorithm].filter((given) => given !== undefined).length <= 1,
    'csr, publicKey and keyAlgorithm exclude each other',
  )
  .refine(
    ({ commonName, subject }) => commonName === undefined || subject === undefined,
    'commonName and subject exclude each other',
  );

/** Storage takes well-formed Unicode without NUL. */
function isWellFormed(text: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(text);
}

function isMetadata(value: unknown): boolean {
  if (!isTextRecord(value)) return false;
  const entries = Object.entries(value);
  return entries.length <= 32 && entries.flat().every((text) => text.length <= 256 && isWellFormed(text));
}

/** @throws {InvalidInputError} INVALID_ARGUMENT: names each option at fault */
export function parseIssueOptions(options: IssueOptions): IssueOptions {
  const parsed = issueOptions.safeParse(options);
  if (!parsed.success) throw invalidArgument('issue() options', parsed.error.issues);
  // A copy: what was checked is what is used, whatever the caller does to the object meanwhile.
  const { subjectAltNames, metadata } = options;
  return {
    ...options,
    ...(subjectAltNames === undefined ? {} : { subjectAltNames: [...subjectAltNames] }),
    ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
  };
}
