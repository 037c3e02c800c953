import forge from 'node-forge';
import { inProcess } from '../harness/contestant.ts';
import { type Issuance, turns } from '../workload/issuance.ts';
import { fromPem } from '../workload/pem.ts';
import { randomSerialNumber } from '../workload/serial-number.ts';
import { FORGE } from './names.ts';

type Request = ReturnType<typeof forge.pki.certificationRequestFromPem>;

/** Issues from requests that were parsed and checked beforehand. */
export function forgeIssue(issuance: Issuance) {
  const issue = issuer(issuance);
  const requests = issuance.rsaRequests.pems.map((pem) => forge.pki.certificationRequestFromPem(pem));
  const next = turns(requests.length);
  const der = (request: Request) => forge.asn1.toDer(forge.pki.certificateToAsn1(issue(request))).getBytes();
  return inProcess(
    FORGE,
    (count) => {
      for (let i = 0; i < count; i++) der(requests[next()] as Request);
    },
    { sample: async () => Buffer.from(der(requests[0] as Request), 'binary') },
  );
}

/** From the request's PEM to the certificate's, with proof of possession. */
export function forgeCsr(issuance: Issuance) {
  const issue = issuer(issuance);
  const { pems } = issuance.rsaRequests;
  const next = turns(pems.length);
  const answer = (pem: string) => {
    const request = forge.pki.certificationRequestFromPem(pem);
    if (!request.verify()) throw new Error(`${FORGE} refused a request`);
    return forge.pki.certificateToPem(issue(request));
  };
  return inProcess(
    FORGE,
    (count) => {
      for (let i = 0; i < count; i++) answer(pems[next()] as string);
    },
    { sample: async () => fromPem(answer(pems[0] as string)) },
  );
}

function issuer({ rsaCa, notBefore, notAfter }: Issuance) {
  const authority = forge.pki.certificateFromPem(rsaCa.certificatePem);
  const signingKey = forge.pki.privateKeyFromPem(rsaCa.keyPem);
  const keyIdentifier = authority.generateSubjectKeyIdentifier().getBytes();
  return (request: Request) => {
    const certificate = forge.pki.createCertificate();
    certificate.serialNumber = randomSerialNumber().toString('hex');
    certificate.validity.notBefore = notBefore;
    certificate.validity.notAfter = notAfter;
    certificate.setSubject(request.subject.attributes);
    certificate.setIssuer(authority.subject.attributes);
    certificate.publicKey = request.publicKey as forge.pki.PublicKey;
    certificate.setExtensions([
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'authorityKeyIdentifier', keyIdentifier },
      subjectAltName(request),
      { name: 'subjectKeyIdentifier' },
    ]);
    certificate.sign(signingKey, forge.md.sha256.create());
    return certificate;
  };
}

function subjectAltName(request: Request): object {
  const { extensions } = request.getAttribute({ name: 'extensionRequest' }) as { extensions: { name: string }[] };
  const found = extensions.find(({ name }) => name === 'subjectAltName');
  if (found === undefined) throw new Error(`${FORGE} found no names`);
  return found;
}
