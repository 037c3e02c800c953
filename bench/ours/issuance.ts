import { PathGate } from '../../packages/core/src/authority/issuance/path-gate.ts';
import { randomSerialNumber } from '../../packages/core/src/authority/serial-number.ts';
import { nodeCrypto } from '../../packages/core/src/crypto/node-provider.ts';
import { encodePem } from '../../packages/core/src/encoding/pem.ts';
import { systemClock } from '../../packages/core/src/ports/system-clock.ts';
import { parseCertificate } from '../../packages/core/src/x509/certificate/certificate.ts';
import { buildCertificate } from '../../packages/core/src/x509/certificate/certificate-builder.ts';
import { CertificateTemplate } from '../../packages/core/src/x509/certificate/certificate-template.ts';
import { type CertificationRequest, parseCsr, verifyCsr } from '../../packages/core/src/x509/csr/csr.ts';
import { encodeBasicConstraints } from '../../packages/core/src/x509/extensions/basic-constraints.ts';
import { encodeExtendedKeyUsage } from '../../packages/core/src/x509/extensions/extended-key-usage.ts';
import { findExtension } from '../../packages/core/src/x509/extensions/extension.ts';
import {
  encodeAuthorityKeyIdentifier,
  encodeSubjectKeyIdentifier,
} from '../../packages/core/src/x509/extensions/key-identifiers.ts';
import { encodeKeyUsage } from '../../packages/core/src/x509/extensions/key-usage.ts';
import { keyIdentifier } from '../../packages/core/src/x509/key-identifier.ts';
import { inProcess } from '../harness/contestant.ts';
import { type Issuance, turns } from '../workload/issuance.ts';
import { fromPem } from '../workload/pem.ts';

/** Our name in every race. */
export const OURS = 'Chancery';

/** With the gate on: every certificate's path is validated. */
export const OURS_GATED = `${OURS}, path validated`;

/** Issues from requests that were parsed and checked beforehand. */
export async function ourIssue(issuance: Issuance) {
  const issue = await issuer(issuance);
  const requests = issuance.requests.ders.slice(0, 64).map((der) => parseCsr(der));
  const next = turns(requests.length);
  return inProcess(
    OURS,
    async (count) => {
      for (let i = 0; i < count; i++) await issue(requests[next()] as CertificationRequest);
    },
    { sample: async () => issue(requests[0] as CertificationRequest) },
  );
}

/** From the request's PEM to the certificate's, with proof of possession. */
export async function ourCsr(issuance: Issuance) {
  const answer = await ourAnswer(issuance);
  const { pems } = issuance.requests;
  const next = turns(pems.length);
  return inProcess(
    OURS,
    async (count) => {
      for (let i = 0; i < count; i++) await answer(pems[next()] as string);
    },
    { sample: async () => fromPem(await answer(pems[0] as string)) },
  );
}

/** As {@link ourCsr}, and each certificate judged as a relying party would before it is handed out. */
export async function ourGatedCsr(issuance: Issuance) {
  const issue = await issuer(issuance);
  const crypto = nodeCrypto();
  const trustAnchor = parseCertificate(issuance.ca.certificatePem);
  const gate = new PathGate({ certificate: undefined, trustAnchor }, { crypto, clock: systemClock });
  const { pems } = issuance.requests;
  const next = turns(pems.length);
  const answer = async (pem: string): Promise<string> => {
    const request = parseCsr(pem);
    await verifyCsr(request, crypto);
    const der = await issue(request);
    await gate.pass(der, { extendedKeyUsage: ['serverAuth'], keyUsage: ['digitalSignature'] });
    return encodePem('CERTIFICATE', der);
  };
  return inProcess(
    OURS_GATED,
    async (count) => {
      for (let i = 0; i < count; i++) await answer(pems[next()] as string);
    },
    { sample: async () => fromPem(await answer(pems[0] as string)) },
  );
}

/** A function from a request's PEM to its certificate's: the work of one caller. */
export async function ourAnswer(issuance: Issuance): Promise<(pem: string) => Promise<string>> {
  const issue = await issuer(issuance);
  return async (pem) => {
    const request = parseCsr(pem);
    await verifyCsr(request, nodeCrypto());
    return encodePem('CERTIFICATE', await issue(request));
  };
}

/** A function from a checked request to its certificate in DER, over a template as the authority keeps one. */
export async function issuer({ ca, notBefore, notAfter }: Issuance) {
  const crypto = nodeCrypto();
  const authority = parseCertificate(ca.certificatePem);
  const signingKey = await crypto.importPrivateKey(ca.key.export({ type: 'pkcs8', format: 'der' }));
  const template = new CertificateTemplate({
    issuer: authority.subject,
    signatureAlgorithm: 'ECDSA-SHA256',
    extensions: [
      encodeBasicConstraints({ cA: false }),
      encodeKeyUsage(['digitalSignature']),
      encodeExtendedKeyUsage(['serverAuth']),
      encodeAuthorityKeyIdentifier({ keyIdentifier: authority.subjectKeyIdentifier as Uint8Array }),
    ],
  });
  return async (request: CertificationRequest): Promise<Uint8Array> => {
    const names = findExtension(request.requestedExtensions, 'subjectAltName');
    if (names === undefined) throw new Error('the request holds no names');
    return buildCertificate(
      {
        template,
        signingKey,
        serialNumber: randomSerialNumber(crypto),
        notBefore,
        notAfter,
        subject: request.subject,
        spki: request.spki,
        extensions: [names, encodeSubjectKeyIdentifier(await keyIdentifier(request.spki, crypto))],
      },
      crypto,
    );
  };
}
