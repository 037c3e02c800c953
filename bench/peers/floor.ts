import { createPublicKey, sign, verify } from 'node:crypto';
import { inProcess } from '../harness/contestant.ts';
import { type Issuance, turns } from '../workload/issuance.ts';
import { signedParts } from '../workload/signed-template.ts';

/** What no issuer can go below: the signature alone, by node:crypto with an imported key. */
export const SIGN = 'node:crypto sign';

/** The signature and the check of the request's own, both keys imported beforehand. */
export const VERIFY_AND_SIGN = 'node:crypto verify + sign';

/** About as much as a certificate of this bench has to be signed: the time of hashing is in the floor. */
const TBS_BYTES = 450;

/** The floor of issuing from a checked request. */
export function floorSign({ ca }: Issuance) {
  const tbs = Buffer.alloc(TBS_BYTES, 0x30);
  return inProcess(SIGN, (count) => {
    for (let i = 0; i < count; i++) sign('sha256', tbs, ca.key);
  });
}

/** The floor of issuing from a request with proof of possession. */
export function floorVerifyAndSign({ ca, requests }: Issuance) {
  const tbs = Buffer.alloc(TBS_BYTES, 0x30);
  const signed = requests.spkis.slice(0, 256).map((spki, index) => ({
    key: createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }),
    ...signedParts(requests.ders[index] as Uint8Array),
  }));
  const next = turns(signed.length);
  return inProcess(VERIFY_AND_SIGN, (count) => {
    for (let i = 0; i < count; i++) {
      const { key, body, signature } = signed[next()] as (typeof signed)[number];
      if (!verify('sha256', body, key, signature)) throw new Error('the floor refused a request');
      sign('sha256', tbs, ca.key);
    }
  });
}
