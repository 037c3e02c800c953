import type { CertificateAuthority, Intermediate } from '@chancery/core';
import { type Answer, content } from '../../exchange/answer.ts';

const CRL = 'application/pkix-crl';
const CERTIFICATE = 'application/pkix-cert';
const FILE = /^([0-9a-f]{40,64})(?:-(\d{1,5}))?(-delta)?\.(crl|cer)$/;
/** Public, and no secret: what it costs to be late is bounded by the age. */
const CRL_AGE = ['cache-control', 'public, max-age=60'];
const CERTIFICATE_AGE = ['cache-control', 'public, max-age=3600'];

/**
 * A file of the names that an authority's `baseUrl` makes certificates point to: CRLs and issuers' certificates, DER.
 *
 * @param name - `<keyIdentifier>[-<shard>][-delta].crl`, `<keyIdentifier>.cer`, `root.crl`, `root.cer`
 * @returns undefined where there is none of the name
 */
export async function caFile(
  authority: CertificateAuthority,
  name: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<Answer | undefined> {
  if (name === 'root.cer' || name === 'root.crl') return rootFile(authority, name, signal);
  const match = FILE.exec(name);
  if (match === null) return undefined;
  const [, keyIdentifier, shard, delta, ending] = match;
  const intermediates = await authority.intermediates({ signal });
  const intermediate = intermediates.find((each) => each.keyIdentifier === keyIdentifier);
  if (intermediate?.certificatePem === undefined) return undefined;
  if (ending === 'crl') return crlFile(authority, intermediate, { shard, isDelta: delta !== undefined, signal });
  if (shard !== undefined || delta !== undefined) return undefined;
  return content(CERTIFICATE, derOf(intermediate.certificatePem), { headers: CERTIFICATE_AGE });
}

async function crlFile(
  authority: CertificateAuthority,
  { id, crlShards = 1 }: Intermediate,
  { shard, isDelta, signal }: { shard: string | undefined; isDelta: boolean; signal: AbortSignal },
): Promise<Answer | undefined> {
  if ((shard === undefined) !== (crlShards === 1) || Number(shard ?? 0) >= crlShards) return undefined;
  const which = shard === undefined ? {} : { shard: Number(shard) };
  const { der, thisUpdate, nextUpdate } = await authority.crl({ intermediate: id, ...which, delta: isDelta, signal });
  const dates = ['last-modified', thisUpdate.toUTCString(), 'expires', nextUpdate.toUTCString()];
  return content(CRL, der, { headers: [...CRL_AGE, ...dates] });
}

/** Where there are several roots, the name says too little: there is none then. */
async function rootFile(
  authority: CertificateAuthority,
  name: string,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  const anchors = blocksOf(await authority.trustAnchorsPem({ signal }));
  const [root] = anchors;
  if (anchors.length !== 1 || root === undefined) return undefined;
  if (name === 'root.cer') return content(CERTIFICATE, derOf(root), { headers: CERTIFICATE_AGE });
  const [first] = await authority.crls({ signal });
  if (first === undefined) return undefined;
  const [crl, certificate] = await Promise.all([authority.inspect(first), authority.inspect(root)]);
  if (crl.kind !== 'crl' || certificate.kind !== 'certificate' || crl.issuer !== certificate.subject) return undefined;
  return content(CRL, derOf(first), { headers: CRL_AGE });
}

function blocksOf(pem: string): string[] {
  return pem.match(/-----BEGIN [A-Z0-9 ]+-----[^-]+-----END [A-Z0-9 ]+-----/g) ?? [];
}

function derOf(pem: string): Uint8Array {
  const base64 = pem.replace(/-----[^-]+-----/g, '').replace(/\s/g, '');
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
