import { signatureAlgorithmFor } from '../../crypto/algorithms.ts';
import type { Write } from '../../ports/storage.ts';
import { buildCrl } from '../../x509/crl/crl-builder.ts';
import type { CrlEntries } from '../../x509/crl/crl-entries.ts';
import { encodeFreshestCrl } from '../../x509/extensions/crl-distribution-points.ts';
import type { Extension } from '../../x509/extensions/extension.ts';
import { encodeIssuingDistributionPoint } from '../../x509/extensions/issuing-distribution-point.ts';
import type { AuthorityContext } from '../context.ts';
import type { CrlKind } from './crl-changes.ts';
import type { CrlScope } from './crl-scope.ts';
import { crlUrl, deltaCrlUrl } from './crl-urls.ts';
import { describeCrl, type SignedCrl } from './signed-crl.ts';
import type { StoredDelta } from './stored-crls.ts';

/** What a CRL of a scope is to hold; instants in epoch milliseconds. */
export interface CrlToSign {
  readonly number: number;
  /** Of a delta CRL. */
  readonly baseNumber?: number;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly entries: CrlEntries;
}

/** A CRL whose DER waits in a blob for the commit that refers to it. */
export interface WrittenCrl {
  readonly crl: SignedCrl;
  readonly stored: Omit<StoredDelta, 'baseNumber' | 'next'>;
  readonly writes: readonly Write[];
}

/** Signs a CRL of a scope, and writes it to a blob. */
export async function signCrl(context: AuthorityContext, scope: CrlScope, crl: CrlToSign): Promise<WrittenCrl> {
  const { crypto, blobs } = context;
  const { certificate } = scope.intermediate;
  const { number, baseNumber, thisUpdate, nextUpdate, entries } = crl;
  const signingKey = await scope.intermediate.privateKey();
  const der = await buildCrl(
    {
      issuer: certificate.subject,
      signatureAlgorithm: signatureAlgorithmFor(signingKey.publicKey.kind),
      signingKey,
      number: BigInt(number),
      baseNumber: baseNumber === undefined ? undefined : BigInt(baseNumber),
      thisUpdate: new Date(thisUpdate),
      nextUpdate: new Date(nextUpdate),
      authorityKeyIdentifier: certificate.subjectKeyIdentifier,
      entries,
      extensions: scopeExtensions(context, scope, baseNumber === undefined ? 'complete' : 'delta'),
    },
    crypto,
  );
  const blob = await blobs.write(der);
  return {
    crl: describeCrl(der, crl),
    stored: { number, thisUpdate, nextUpdate, blob: blob.id, size: entries.size },
    writes: blob.commitWith,
  };
}

/** A delta CRL has the scope of its base (RFC 5280 section 5.2.4), and only a complete one may point to another (section 5.2.6). */
function scopeExtensions({ baseUrl }: AuthorityContext, { intermediate, shard }: CrlScope, kind: CrlKind): Extension[] {
  const extensions: Extension[] = [];
  const point = crlUrl(intermediate, shard, baseUrl);
  if (shard !== undefined && point !== undefined) {
    const distributionPoint = { fullName: [{ kind: 'uri', value: point } as const] };
    extensions.push(encodeIssuingDistributionPoint({ distributionPoint }));
  }
  const freshest = deltaCrlUrl(intermediate, shard, baseUrl);
  if (kind === 'complete' && freshest !== undefined) extensions.push(encodeFreshestCrl([freshest]));
  return extensions;
}
