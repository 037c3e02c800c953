import { beforeAll, describe, expect, it } from 'vitest';
import { PathValidationError, PathValidator } from '../../../src/index.ts';
import { encodeDeltaCrlIndicator } from '../../../src/x509/extensions/crl-number.ts';
import { parseOcspResponse } from '../../../src/x509/ocsp/ocsp-response.ts';
import { seed, soakSize } from '../../support/soak.ts';
import { FUZZ_ITERATIONS, fuzz } from '../fuzz.ts';
import { AT, crypto, type Entity, issue } from '../path/path-pki.ts';
import { crlOf, ocspOf, scopeOf } from './revocation-pki.ts';

const SEED = seed(20_260_602);
const ROUNDS = soakSize(2000, 200_000);

let root: Entity;
let leaf: Entity;
let crls: Uint8Array[];
let responses: Uint8Array[];

beforeAll(async () => {
  root = await issue({ subject: 'CN=Root', ca: true });
  leaf = await issue({ subject: 'CN=Leaf', issuer: root });
  const revoked = [{ serialNumber: leaf.serialNumber, reason: 'keyCompromise' as const }];
  const { serialNumber } = leaf;
  crls = [
    await crlOf(root, { revoked }),
    await crlOf(root, {
      number: 2n,
      revoked: [{ serialNumber, issuer: 'CN=Root' }],
      extensions: [scopeOf({ indirect: true })],
    }),
    await crlOf(root, { number: 3n, revoked, extensions: [encodeDeltaCrlIndicator(1n)] }),
    await crlOf(root, {
      revoked,
      extensions: [scopeOf({ uri: 'http://a.example/', userOnly: true, reasons: ['keyCompromise'] })],
    }),
  ];
  const nonce = crypto.randomBytes(16);
  responses = [
    await ocspOf(leaf, root, { signer: root, status: 'revoked', nonce }),
    await ocspOf(leaf, root, { signer: root, status: 'unknown', byName: true, certificates: [root] }),
    await ocspOf(leaf, root, { signer: root, responseStatus: 6 }),
  ];
});

describe(`OCSP responses with octets changed (CHANCERY_SEED=${SEED})`, () => {
  it('are read or refused, within the taxonomy and the budget of steps', () => {
    const result = fuzz({ corpus: responses, read: (input) => parseOcspResponse(input) }, FUZZ_ITERATIONS, SEED);
    expect(result.accepted).toBeGreaterThan(0);
    expect(result.refused.size).toBeGreaterThan(0);
  });
});

describe(`${ROUNDS} CRLs and OCSP responses with octets changed (CHANCERY_SEED=${SEED})`, () => {
  it('never make a revoked certificate good', async () => {
    const validator = new PathValidator({ trustAnchors: root.der });
    let state = SEED;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
    const mutate = (bytes: Uint8Array): Uint8Array => {
      const changed = Uint8Array.from(bytes);
      for (let count = 1 + random(3); count > 0; count--) {
        const at = random(changed.length);
        // The change is never none: the very bytes would be as good as ever.
        changed[at] = (changed[at] as number) ^ (1 + random(255));
      }
      return changed;
    };
    for (let round = 0; round < ROUNDS; round++) {
      const result = await validator.validate(leaf.der, {
        at: AT,
        requireRevocation: true,
        crls: [mutate(crls[random(crls.length)] as Uint8Array)],
        ocspResponses: [mutate(responses[random(responses.length)] as Uint8Array)],
      });
      expect(result.valid, `round ${round} of seed ${SEED}`).toBe(false);
      if (!result.valid) expect(result.error).toBeInstanceOf(PathValidationError);
    }
  });
});
