import { isBytes, utf8 } from '../../encoding/bytes.ts';
import { toHex } from '../../encoding/hex.ts';
import { ConflictError, InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import type { CertificateRequest, CertificateRequestResult } from '../../ports/issuer.ts';
import { answeredRequests } from '../collections.ts';
import type { AuthorityContext } from '../context.ts';
import { ExtraWriteConflict, type Issuance } from './issuance.ts';
import type { IssueOptions } from './request.ts';

const MAXIMUM_REQUEST_ID_BYTES = 256;

/** Answers a request of the `Issuer` port: with the certificate that it was answered with before, or with a new one. */
export async function requestCertificate(
  context: AuthorityContext,
  issuance: Issuance,
  request: CertificateRequest,
  chainPem: (serialNumber: string) => Promise<string>,
): Promise<CertificateRequestResult> {
  checkRequest(request);
  const { store, clock } = context;
  const id = documentId(context.name, request.requestId);
  const requestDigest = await digestOf(context, request);
  const answered = async () => {
    const entry = await store.get(answeredRequests, id);
    if (entry === undefined) return undefined;
    if (entry.value.requestDigest !== requestDigest) throw reused(request.requestId);
    return { chainPem: await chainPem(entry.value.serialNumber) };
  };
  const before = await answered();
  if (before !== undefined) return before;
  try {
    const issued = await issuance.issue(issueOptions(request), (signed) =>
      store.put(
        answeredRequests,
        id,
        { serialNumber: signed.value.serialNumber, requestDigest, answeredAt: clock.now() },
        // Once the certificate has ended, repeating it would help nobody, and the id may be asked for anew.
        { ifVersion: null, expiresAt: signed.value.notAfter },
      ),
    );
    return { chainPem: issued.chainPem };
  } catch (error) {
    if (!(error instanceof ExtraWriteConflict)) throw error;
    // Another instance was asked the same and was faster.
    const meanwhile = await answered();
    if (meanwhile === undefined)
      throw new ConflictError(
        'COMMIT_CONFLICT',
        `Request ${JSON.stringify(request.requestId)} moved while it was answered`,
      );
    return meanwhile;
  }
}

function issueOptions({
  csrDer,
  subjectAltNames,
  profile,
  validity,
  accountId,
  signal,
}: CertificateRequest): IssueOptions {
  return {
    csr: csrDer,
    subjectAltNames,
    ...(profile === undefined ? {} : { profile }),
    ...(validity === undefined ? {} : { validity }),
    ...(accountId === undefined ? {} : { accountId }),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** What makes two requests the same: key, names and profile. Validity is left out, since a repeated one may count from another now. */
async function digestOf(
  { crypto }: AuthorityContext,
  { csrDer, subjectAltNames, profile, accountId }: CertificateRequest,
): Promise<string> {
  const csr = toHex(await crypto.digest('SHA-256', csrDer));
  const text = JSON.stringify([csr, [...subjectAltNames].sort(), profile ?? null, accountId ?? null]);
  return toHex(await crypto.digest('SHA-256', utf8(text)));
}

function checkRequest({ requestId, csrDer, subjectAltNames, profile, accountId }: CertificateRequest): void {
  const names: unknown = subjectAltNames;
  if (typeof requestId !== 'string' || /[\0\p{Surrogate}]/u.test(requestId)) {
    throw new InvalidInputError('INVALID_ARGUMENT', 'requestId must be well-formed text without NUL');
  }
  if (!isBytes(csrDer)) throw new InvalidInputError('INVALID_ARGUMENT', 'csrDer must be the bytes of a CSR');
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
    throw new InvalidInputError('INVALID_ARGUMENT', 'subjectAltNames must be a list of texts');
  }
  for (const [option, value] of Object.entries({ profile, accountId })) {
    if (value === undefined || typeof value === 'string') continue;
    throw new InvalidInputError('INVALID_ARGUMENT', `${option} must be a text, not ${quote(value)}`);
  }
}

function documentId(authority: string, requestId: string): string {
  const bytes = utf8(requestId).length;
  if (bytes === 0 || bytes > MAXIMUM_REQUEST_ID_BYTES) {
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      `requestId must have 1 to ${MAXIMUM_REQUEST_ID_BYTES} bytes of UTF-8, not ${bytes}`,
    );
  }
  return `${authority}/${requestId}`;
}

function reused(requestId: string): ConflictError {
  return new ConflictError('REQUEST_ID_REUSED', `Request id ${quote(requestId)} was used for another request`, {
    facts: { requestId },
  });
}
