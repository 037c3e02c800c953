import { afterAll, describe, expect, it } from 'vitest';
import { InvalidInputError, PathValidationError, PathValidator } from '../../../../src/index.ts';
import { parseCertificate } from '../../../../src/x509/certificate/certificate.ts';
import { seed, soakSize } from '../../../support/soak.ts';
import { AT, crypto, type Entity, issue } from '../path-pki.ts';
import { GoOracle } from './go-oracle.ts';
import { OpensslOracle } from './openssl-oracle.ts';
import { RandomPaths } from './random-paths.ts';

const SEED = seed(20_260_601);
const MUTATIONS = soakSize(2000, 200_000);
const BATCH = 50;
/** Milliseconds. */
const SLOW = 500;

const openssl = new OpensslOracle();
const go = new GoOracle();
afterAll(() => {
  openssl.close();
  go.close();
});

describe(`${MUTATIONS} paths made at random (CHANCERY_SEED=${SEED})`, () => {
  it('are never accepted where OpenSSL or Go refuses, and never take long', { timeout: 86_400_000 }, async () => {
    const random = new RandomPaths(SEED);
    const keys = await Promise.all([0, 1, 2].map(() => crypto.generateKey('ECDSA-P256')));
    const root = await issue({ subject: 'CN=Root', ca: true });
    const disagreements: string[] = [];
    const tally = { ours: 0, openssl: 0, go: 0 };
    let slowest = 0;
    for (let done = 0; done < MUTATIONS; done += BATCH) {
      const outer = await random.ca(root, 'CN=Outer', keys[0]);
      const inner = await random.ca(random.oneOf(outer, root), random.oneOf('CN=Inner', 'CN=Outer'), keys[1]);
      const cas = [outer, inner];
      const leaves: Entity[] = [];
      for (let index = 0; index < BATCH; index++) leaves.push(await random.leaf(random.oneOf(outer, inner), keys[2]));
      const byOpenssl = openssl.refusals(root, cas, leaves);
      const byGo = go.refusals(root, cas, leaves);
      tally.openssl += BATCH - byOpenssl.size;
      tally.go += BATCH - byGo.size;
      const fresh = () => new PathValidator({ trustAnchors: root.pem, intermediates: cas.map(({ der }) => der) });
      const validator = fresh();
      for (const [index, leaf] of leaves.entries()) {
        const { result, took } = await timed(validator, leaf);
        let least = took;
        // What is slow is slow again; what a busy machine has held up is not.
        for (let turn = 0; turn < 5 && least >= SLOW; turn++)
          least = Math.min(least, (await timed(fresh(), leaf)).took);
        slowest = Math.max(slowest, least);
        if (!result.valid) {
          expect(result.error).toBeInstanceOf(PathValidationError);
          continue;
        }
        tally.ours += 1;
        for (const [reason, isReviewed] of [
          [byOpenssl.get(index), isReviewedOpenssl],
          [byGo.get(index), isReviewedGo],
        ] as const) {
          if (reason === undefined || (await isReviewed(reason, leaf, cas))) continue;
          disagreements.push(`${reason}\n${[leaf, ...cas].map(({ pem }) => pem).join('')}`);
        }
      }
    }
    const { ours, openssl: theirs, go: gos } = tally;
    console.log(
      `${MUTATIONS} paths, seed ${SEED}: ${ours} accepted, ${theirs} by OpenSSL, ${gos} by Go; slowest ${slowest.toFixed(1)} ms`,
    );
    expect(disagreements.slice(0, 3)).toEqual([]);
    // As many must be right as are wrong, or nothing is compared.
    expect(ours).toBeGreaterThan(MUTATIONS / 50);
    expect(slowest).toBeLessThan(SLOW);
  });
});

async function timed(validator: PathValidator, leaf: Entity) {
  const started = performance.now();
  const result = await validator.validate(leaf.der, { at: AT, purpose: 'serverAuth' });
  return { result, took: performance.now() - started };
}

/** Whether path validation does not share a reason of OpenSSL's, for a reason of its own. */
async function isReviewedOpenssl(reason: string, leaf: Entity): Promise<boolean> {
  switch (reason) {
    case 'unable to get local issuer certificate':
      // Key identifiers are hints here, after RFC 4158 section 3.5.12; OpenSSL takes them for a condition.
      return true;
    case 'unsuitable certificate purpose':
      // RFC 5280 section 4.2.1.12 lets anyExtendedKeyUsage serve for any purpose; OpenSSL wants serverAuth by name.
      return parseCertificate(leaf.der).extKeyUsage?.includes('anyExtendedKeyUsage') === true;
    case 'unspecified certificate verification error':
      // A key of a kind that nobody here knows is let through, one that is malformed is not.
      return isUnknownKey(parseCertificate(leaf.der).spki);
    default:
      return false;
  }
}

/** The same of Go's. */
async function isReviewedGo(reason: string, leaf: Entity, cas: readonly Entity[]): Promise<boolean> {
  const certificates = [leaf, ...cas].map(({ der }) => parseCertificate(der));
  switch (reason) {
    case 'x509: too many intermediates for path length constraint':
      // RFC 5280 section 6.1.4 (l) does not count self-issued certificates; Go does.
      return certificates.some(({ issuer, subject }) => issuer.equals(subject));
    case 'x509: unhandled critical extension':
      // Go knows no constraints on directory names.
      return certificates.some(({ nameConstraints }) =>
        [...(nameConstraints?.permitted ?? []), ...(nameConstraints?.excluded ?? [])].some(
          ({ kind }) => kind === 'directoryName',
        ),
      );
    case 'x509: unsupported elliptic curve':
      return isUnknownKey(parseCertificate(leaf.der).spki);
    default:
      return false;
  }
}

async function isUnknownKey(spki: Uint8Array): Promise<boolean> {
  try {
    await crypto.importPublicKey(spki);
    return false;
  } catch (error) {
    return error instanceof InvalidInputError && error.code === 'KEY_UNSUPPORTED';
  }
}
