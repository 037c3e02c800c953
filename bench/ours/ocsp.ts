import { nodeCrypto } from '../../packages/core/src/crypto/node-provider.ts';
import { parseCertificate } from '../../packages/core/src/x509/certificate/certificate.ts';
import { isCertIdOf, keyBits } from '../../packages/core/src/x509/ocsp/cert-id.ts';
import { parseOcspRequest } from '../../packages/core/src/x509/ocsp/ocsp-request.ts';
import { OcspResponseBuilder } from '../../packages/core/src/x509/ocsp/ocsp-response-builder.ts';
import { inProcess } from '../harness/contestant.ts';
import { turns } from '../workload/issuance.ts';
import type { OcspWorkload } from '../workload/ocsp.ts';
import { fromPem } from '../workload/pem.ts';
import { OURS } from './issuance.ts';

/** From the request's bytes to the response's, without a ledger, as the peers do it. */
export async function ourOcsp({ ca, requests }: OcspWorkload) {
  const crypto = nodeCrypto();
  const authority = parseCertificate(ca.certificatePem);
  const signingKey = await crypto.importPrivateKey(fromPem(ca.keyPem));
  const keyHash = await crypto.digest('SHA-1', keyBits(authority.spki));
  const builder = new OcspResponseBuilder({ signingKey, keyHash, certificate: authority.der });
  const [first] = parseOcspRequest(requests[0] as Uint8Array).queries;
  if (first === undefined) throw new Error('the first request asks about nothing');
  const { certId: known } = first;
  const probe = Object.assign(Object.create(authority), {
    issuer: authority.subject,
    serialNumber: known.serialNumber,
  });
  if (!(await isCertIdOf(known, probe, authority, crypto))) throw new Error('the requests are about another issuer');
  const nameHash = Buffer.from(known.issuerNameHash);
  const issuerKeyHash = Buffer.from(known.issuerKeyHash);

  const answer = async (der: Uint8Array): Promise<Uint8Array> => {
    const { queries, nonce } = parseOcspRequest(der);
    const thisUpdate = Math.floor(Date.now() / 1000) * 1000;
    const answers = queries.map(({ certId, der: id }) => {
      if (!nameHash.equals(certId.issuerNameHash) || !issuerKeyHash.equals(certId.issuerKeyHash))
        throw new Error('a request is about another issuer');
      return { certId: id, status: { kind: 'good' as const }, thisUpdate, nextUpdate: thisUpdate + 86_400_000 };
    });
    return builder.build({ producedAt: thisUpdate, answers, nonce }, crypto);
  };
  const next = turns(requests.length);
  return inProcess(
    OURS,
    async (count) => {
      for (let i = 0; i < count; i++) await answer(requests[next()] as Uint8Array);
    },
    { sample: () => answer(requests[0] as Uint8Array) },
  );
}
