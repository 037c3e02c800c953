import { encodePem } from '../../../../src/encoding/pem.ts';
import { parseCertificate } from '../../../../src/x509/certificate/certificate.ts';
import { encodeCertificatePolicies } from '../../../../src/x509/extensions/certificate-policies.ts';
import type { Extension } from '../../../../src/x509/extensions/extension.ts';
import type { KeyUsage } from '../../../../src/x509/extensions/key-usage.ts';
import { encodeNameConstraints } from '../../../../src/x509/extensions/name-constraints.ts';
import { parseSubtreeText } from '../../../../src/x509/name/general-name.ts';
import { encodeSignatureAlgorithm } from '../../../../src/x509/signature-algorithm.ts';
import { encodeSigned } from '../../../../src/x509/signed.ts';
import { crypto, type Entity, type IssueOptions, issue, unknownExtension } from '../path-pki.ts';

/** mulberry32: small, seeded and good enough to choose mutations. */
function generator(from: number): (below: number) => number {
  let state = from >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const NAMES = [
  'a.example',
  'b.a.example',
  '*.a.example',
  'c.test',
  'ip:10.0.0.1',
  'ip:2001:db8::1',
  'email:x@a.example',
  'uri:https://a.example/x',
] as const;
const SUBTREES = [
  'a.example',
  'example',
  'test',
  'b.a.example',
  'ip:10.0.0.0/8',
  'ip:2001:db8::/32',
  'email:a.example',
  'uri:a.example',
  'directoryName:CN=Leaf',
] as const;

/** Certificates made at random, most of them with something wrong. The same seed makes the same ones, but for their keys. */
export class RandomPaths {
  readonly #random: (below: number) => number;

  constructor(seed: number) {
    this.#random = generator(seed);
  }

  oneOf<T>(...values: readonly [T, ...T[]]): T {
    return values[this.#random(values.length)] as T;
  }

  #sometimes<T>(percent: number, value: () => T): T | undefined {
    return this.#random(100) < percent ? value() : undefined;
  }

  #someExtensions(isCa: boolean): Extension[] {
    const extensions: (Extension | undefined)[] = [
      this.#sometimes(5, () => unknownExtension(this.oneOf(true, false))),
      this.#sometimes(20, () => encodeCertificatePolicies([this.oneOf('1.2.3', '1.2.4', '2.5.29.32.0')])),
      isCa ? this.#sometimes(60, () => this.#someConstraints()) : undefined,
    ];
    return extensions.filter((extension) => extension !== undefined);
  }

  #someConstraints(): Extension {
    const subtrees = () => Array.from({ length: 1 + this.#random(3) }, () => parseSubtreeText(this.oneOf(...SUBTREES)));
    return this.oneOf(
      () => encodeNameConstraints({ permitted: subtrees() }),
      () => encodeNameConstraints({ excluded: subtrees() }),
      () => encodeNameConstraints({ permitted: subtrees(), excluded: subtrees() }),
    )();
  }

  ca(issuer: Entity, subject: string, key: IssueOptions['key']): Promise<Entity> {
    const keyUsage = this.oneOf<readonly KeyUsage[]>(
      ['keyCertSign', 'cRLSign'],
      ['keyCertSign'],
      ['keyCertSign'],
      ['cRLSign'],
    );
    const pathLength = this.oneOf(undefined, undefined, 0, 1);
    return issue({
      subject,
      issuer,
      ...(key && { key }),
      ca: this.#random(30) > 0,
      keyUsage,
      ...(pathLength !== undefined && { pathLength }),
      ...this.#someDates(),
      ...this.#sometimes(20, () => ({
        purposes: [this.oneOf('serverAuth' as const, 'clientAuth' as const, 'codeSigning' as const)],
      })),
      extensions: this.#someExtensions(true),
    });
  }

  async leaf(issuer: Entity, key: IssueOptions['key']): Promise<Entity> {
    const leaf = await issue({
      subject: this.oneOf('CN=Leaf', 'CN=Leaf,O=Example', 'O=Other', ''),
      issuer,
      ...(key && { key }),
      names: Array.from({ length: 1 + this.#random(3) }, () => this.oneOf(...NAMES)),
      keyUsage: this.oneOf<readonly KeyUsage[]>(['digitalSignature'], ['digitalSignature', 'keyEncipherment'], []),
      ...this.#someDates(),
      ...this.#sometimes(70, () => ({
        purposes: [this.oneOf('serverAuth' as const, 'clientAuth' as const, 'anyExtendedKeyUsage' as const)],
      })),
      extensions: this.#someExtensions(false),
    });
    return this.#random(2) === 0 ? leaf : this.#resigned(leaf, issuer);
  }

  #someDates(): Partial<IssueOptions> {
    return this.oneOf({}, {}, {}, {}, {}, { notAfter: '2026-05-01T00:00:00Z' }, { notBefore: '2026-07-01T00:00:00Z' });
  }

  /** Changes octets of what is signed and signs it again, so that oddities get past the signature. */
  async #resigned(leaf: Entity, issuer: Entity): Promise<Entity> {
    const { tbs } = parseCertificate(leaf.der);
    const changed = Uint8Array.from(tbs);
    for (let count = 1 + this.#random(3); count > 0; count--)
      changed[this.#random(changed.length)] = this.oneOf(this.#random(256), 0, 0x30, 0xff);
    const signature = await crypto.sign(issuer.key, 'ECDSA-SHA256', changed);
    const der = encodeSigned(changed, encodeSignatureAlgorithm('ECDSA-SHA256'), signature);
    return { ...leaf, der, pem: encodePem('CERTIFICATE', der) };
  }
}
