import { createHash, webcrypto } from 'node:crypto';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { inProcess } from '../harness/contestant.ts';
import { type Issuance, turns } from '../workload/issuance.ts';
import { fromPem, toPem } from '../workload/pem.ts';
import { randomSerialNumber } from '../workload/serial-number.ts';
import { PKIJS } from './names.ts';

const SUBJECT_ALT_NAME = '2.5.29.17';
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const engine = new pkijs.CryptoEngine({ name: 'node', crypto: webcrypto as unknown as Crypto });

/** Issues from requests that were parsed and checked beforehand. */
export async function pkijsIssue(issuance: Issuance) {
  const issue = await issuer(issuance);
  const requests = issuance.requests.ders.slice(0, 64).map((der) => pkijs.CertificationRequest.fromBER(der));
  const next = turns(requests.length);
  return inProcess(
    PKIJS,
    async (count) => {
      for (let i = 0; i < count; i++) await issue(requests[next()] as pkijs.CertificationRequest);
    },
    { sample: async () => issue(requests[0] as pkijs.CertificationRequest) },
  );
}

/** From the request's PEM to the certificate's, with proof of possession. */
export async function pkijsCsr(issuance: Issuance) {
  const issue = await issuer(issuance);
  const { pems } = issuance.requests;
  const next = turns(pems.length);
  const answer = async (pem: string) => {
    const request = pkijs.CertificationRequest.fromBER(fromPem(pem));
    if (!(await request.verify(engine))) throw new Error(`${PKIJS} refused a request`);
    return toPem('CERTIFICATE', await issue(request));
  };
  return inProcess(
    PKIJS,
    async (count) => {
      for (let i = 0; i < count; i++) await answer(pems[next()] as string);
    },
    { sample: async () => fromPem(await answer(pems[0] as string)) },
  );
}

/** Extensions that all certificates share are made once. */
async function issuer({ ca, notBefore, notAfter }: Issuance) {
  const authority = pkijs.Certificate.fromBER(fromPem(ca.certificatePem));
  const pkcs8 = ca.key.export({ type: 'pkcs8', format: 'der' });
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  const authorityKeyId = new pkijs.AuthorityKeyIdentifier({
    keyIdentifier: new asn1js.OctetString({ valueHex: keyIdentifier(authority.subjectPublicKeyInfo) }),
  });
  const shared = [
    extension('2.5.29.19', true, new pkijs.BasicConstraints({ cA: false }).toSchema()),
    extension('2.5.29.15', true, new asn1js.BitString({ valueHex: Uint8Array.of(0x80).buffer, unusedBits: 7 })),
    extension('2.5.29.37', false, new pkijs.ExtKeyUsage({ keyPurposes: ['1.3.6.1.5.5.7.3.1'] }).toSchema()),
    extension('2.5.29.35', false, authorityKeyId.toSchema()),
  ];
  return async (request: pkijs.CertificationRequest) => {
    const subjectKeyId = new asn1js.OctetString({ valueHex: keyIdentifier(request.subjectPublicKeyInfo) });
    const certificate = new pkijs.Certificate({
      version: 2,
      serialNumber: new asn1js.Integer({ valueHex: copy(randomSerialNumber()) }),
      issuer: authority.subject,
      subject: request.subject,
      notBefore: new pkijs.Time({ value: notBefore }),
      notAfter: new pkijs.Time({ value: notAfter }),
      subjectPublicKeyInfo: request.subjectPublicKeyInfo,
      extensions: [...shared, subjectAltName(request), extension('2.5.29.14', false, subjectKeyId)],
    });
    await certificate.sign(signingKey as unknown as CryptoKey, 'SHA-256', engine);
    return new Uint8Array(certificate.toSchema(true).toBER());
  };
}

function subjectAltName(request: pkijs.CertificationRequest): pkijs.Extension {
  const attribute = request.attributes?.find(({ type }) => type === EXTENSION_REQUEST);
  const { extensions } = new pkijs.Extensions({ schema: attribute?.values[0] });
  const found = extensions.find(({ extnID }) => extnID === SUBJECT_ALT_NAME);
  if (found === undefined) throw new Error(`${PKIJS} found no names`);
  return found;
}

function extension(extnID: string, critical: boolean, value: asn1js.BaseBlock): pkijs.Extension {
  return new pkijs.Extension({ extnID, critical, extnValue: value.toBER() });
}

function keyIdentifier(key: pkijs.PublicKeyInfo): ArrayBuffer {
  return copy(createHash('sha1').update(key.subjectPublicKey.valueBlock.valueHexView).digest());
}

/** asn1js takes whole buffers, never views. */
function copy(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
