import { createHash, webcrypto } from 'node:crypto';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import { inProcess } from '../harness/contestant.ts';
import { turns } from '../workload/issuance.ts';
import type { OcspWorkload } from '../workload/ocsp.ts';
import { fromPem } from '../workload/pem.ts';
import { PKIJS } from './names.ts';

const NONCE = '1.3.6.1.5.5.7.48.1.2';
const BASIC = '1.3.6.1.5.5.7.48.1.1';
const engine = new pkijs.CryptoEngine({ name: 'node', crypto: webcrypto as unknown as Crypto });

/** From the request's bytes to the response's. */
export async function pkijsOcsp({ ca, requests }: OcspWorkload) {
  const authority = pkijs.Certificate.fromBER(fromPem(ca.certificatePem));
  const pkcs8 = ca.key.export({ type: 'pkcs8', format: 'der' });
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const key = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  const bits = authority.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView;
  const keyHash = new Uint8Array(createHash('sha1').update(bits).digest());
  const inputs = requests.map((der) => new Uint8Array(der));
  const answer = async (der: Uint8Array<ArrayBuffer>): Promise<Uint8Array> => {
    const { tbsRequest } = pkijs.OCSPRequest.fromBER(der);
    const now = new Date();
    const responses = tbsRequest.requestList.map(
      ({ reqCert }) =>
        new pkijs.SingleResponse({
          certID: reqCert,
          certStatus: new asn1js.Primitive({ idBlock: { tagClass: 3, tagNumber: 0 } }),
          thisUpdate: now,
          nextUpdate: new Date(now.getTime() + 86_400_000),
        }),
    );
    const nonce = tbsRequest.requestExtensions?.find(({ extnID }) => extnID === NONCE);
    const basic = new pkijs.BasicOCSPResponse({
      tbsResponseData: new pkijs.ResponseData({
        responderID: new asn1js.OctetString({ valueHex: keyHash }),
        producedAt: now,
        responses,
        ...(nonce === undefined ? {} : { responseExtensions: [nonce] }),
      }),
      certs: [authority],
    });
    await basic.sign(key as unknown as CryptoKey, 'SHA-256', engine);
    const response = new pkijs.OCSPResponse({
      responseStatus: new asn1js.Enumerated({ value: 0 }),
      responseBytes: new pkijs.ResponseBytes({
        responseType: BASIC,
        response: new asn1js.OctetString({ valueHex: basic.toSchema().toBER() }),
      }),
    });
    return new Uint8Array(response.toSchema().toBER());
  };
  const next = turns(inputs.length);
  return inProcess(
    PKIJS,
    async (count) => {
      for (let i = 0; i < count; i++) await answer(inputs[next()] as Uint8Array<ArrayBuffer>);
    },
    { sample: () => answer(inputs[0] as Uint8Array<ArrayBuffer>) },
  );
}
