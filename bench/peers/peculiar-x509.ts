import 'reflect-metadata';
import { createHash, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { inProcess } from '../harness/contestant.ts';
import { type Issuance, turns } from '../workload/issuance.ts';
import { fromPem } from '../workload/pem.ts';
import { randomSerialNumber } from '../workload/serial-number.ts';
import { PECULIAR } from './names.ts';

const SUBJECT_ALT_NAME = '2.5.29.17';
const ECDSA_SHA256 = { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' };
const crypto = webcrypto as unknown as Crypto;

/** Issues from requests that were parsed and checked beforehand. */
export async function peculiarIssue(issuance: Issuance) {
  const issue = await issuer(issuance);
  const requests = issuance.requests.ders.slice(0, 64).map((der) => new Pkcs10CertificateRequest(der));
  const next = turns(requests.length);
  return inProcess(
    PECULIAR,
    async (count) => {
      for (let i = 0; i < count; i++) await issue(requests[next()] as Pkcs10CertificateRequest);
    },
    { sample: async () => new Uint8Array((await issue(requests[0] as Pkcs10CertificateRequest)).rawData) },
  );
}

/** From the request's PEM to the certificate's, with proof of possession. */
export async function peculiarCsr(issuance: Issuance) {
  const issue = await issuer(issuance);
  const { pems } = issuance.requests;
  const next = turns(pems.length);
  const answer = async (pem: string) => {
    const request = new Pkcs10CertificateRequest(pem);
    if (!(await request.verify(crypto))) throw new Error(`${PECULIAR} refused a request`);
    return (await issue(request)).toString('pem');
  };
  return inProcess(
    PECULIAR,
    async (count) => {
      for (let i = 0; i < count; i++) await answer(pems[next()] as string);
    },
    { sample: async () => fromPem(await answer(pems[0] as string)) },
  );
}

/** Extensions that all certificates share are made once. */
async function issuer({ ca, notBefore, notAfter }: Issuance) {
  const authority = new X509Certificate(ca.certificatePem);
  const pkcs8 = ca.key.export({ type: 'pkcs8', format: 'der' });
  const signingKey = await crypto.subtle.importKey('pkcs8', pkcs8 as Uint8Array<ArrayBuffer>, ECDSA_SHA256, false, [
    'sign',
  ]);
  const shared = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    await AuthorityKeyIdentifierExtension.create(authority.publicKey, false, crypto),
  ];
  return (request: Pkcs10CertificateRequest) => {
    const names = request.getExtension(SUBJECT_ALT_NAME);
    if (names === null) throw new Error(`${PECULIAR} found no names`);
    const point = new Uint8Array(request.publicKey.rawData).subarray(-65);
    return X509CertificateGenerator.create(
      {
        serialNumber: randomSerialNumber().toString('hex'),
        subject: request.subjectName,
        issuer: authority.subjectName,
        notBefore,
        notAfter,
        signingAlgorithm: ECDSA_SHA256,
        publicKey: request.publicKey,
        signingKey,
        extensions: [
          ...shared,
          names,
          new SubjectKeyIdentifierExtension(createHash('sha1').update(point).digest('hex')),
        ],
      },
      crypto,
    );
  };
}
