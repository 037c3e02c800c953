import { equalBytes } from '../../encoding/bytes.ts';
import { ChanceryError } from '../../errors/chancery-error.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { parseCsr } from '../../x509/csr/csr.ts';
import type { CertificatesContext } from '../context.ts';
import { sameNames } from '../names/subject-names.ts';
import { type CertificateChain, readChain } from './chain.ts';

/** How far the clock of an issuer may be ahead of this one. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** What an issuer was asked for. */
export interface Asked {
  readonly certificateId: string;
  readonly issuer: string;
  readonly csrDer: Uint8Array;
  readonly subjectAltNames: readonly string[];
  /** The fingerprint of the generation in force: no answer to a request for the next one. */
  readonly replaces: string | undefined;
}

/**
 * Makes sure that an issuer gave what it was asked for.
 *
 * @throws {ChanceryError} ISSUER_ANSWER_REFUSED: says what is wrong with it
 */
export async function checkAnswer(
  context: CertificatesContext,
  answer: unknown,
  asked: Asked,
): Promise<CertificateChain> {
  const { clock } = context;
  const chain = await readAnswer(answer, context, asked);
  const refuse = (problem: string): never => {
    throw answerRefused(asked, problem);
  };
  if ('fault' in chain) return refuse(chain.fault);
  const { leaf, names, notBefore, notAfter, sha256Fingerprint } = chain;
  const now = clock.now();
  if (!equalBytes(leaf.spki, parseCsr(asked.csrDer).spki)) refuse('it certifies another key');
  if (!sameNames(names, asked.subjectAltNames)) refuse('it certifies other names');
  if (notAfter <= now) refuse(`it has ended on ${leaf.notAfter.toISOString()}`);
  if (notBefore > now + CLOCK_SKEW_MS) refuse(`it starts on ${leaf.notBefore.toISOString()} only`);
  if (sha256Fingerprint === asked.replaces) refuse('it is the certificate in force');
  return chain;
}

async function readAnswer(
  answer: unknown,
  { crypto }: CertificatesContext,
  asked: Asked,
): Promise<CertificateChain | { readonly fault: string }> {
  const chainPem: unknown = (answer as { chainPem?: unknown } | null | undefined)?.chainPem;
  if (typeof chainPem !== 'string') throw answerRefused(asked, 'it holds neither a chain nor a time to ask again');
  try {
    return await readChain(chainPem, crypto);
  } catch (cause) {
    if (!(cause instanceof InvalidInputError)) throw cause;
    throw answerRefused(asked, cause.message, cause);
  }
}

/** Makes the error for an answer that is not what was asked for. */
export function answerRefused(
  { certificateId, issuer }: Pick<Asked, 'certificateId' | 'issuer'>,
  problem: string,
  cause?: unknown,
): ChanceryError {
  return new ChanceryError(
    'ISSUER_ANSWER_REFUSED',
    `The answer of issuer '${issuer}' for certificate ${certificateId} is refused: ${problem}`,
    { facts: { certificateId, issuer }, ...(cause === undefined ? {} : { cause }) },
  );
}
