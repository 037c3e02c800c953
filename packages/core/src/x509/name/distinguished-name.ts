import { equalBytes, hashBytes } from '../../encoding/bytes.ts';
import { DerReader } from '../../encoding/der/reader.ts';
import { Tag } from '../../encoding/der/tags.ts';
import { derOid, derSequence, derSet } from '../../encoding/der/writer.ts';
import { toHex } from '../../encoding/hex.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { attributeTypeNamed, COMMON_NAME } from './name-attributes.ts';
import { matchKeyOf } from './name-match.ts';
import { formatNameText, parseNameText } from './name-text.ts';
import { encodeAttributeValue, type NameAttribute, nameInvalid, readAttributeValue } from './name-value.ts';

/** A relative distinguished name: one attribute, seldom several. */
export type RelativeDistinguishedName = readonly NameAttribute[];

/**
 * A distinguished name (RFC 5280 section 4.1.2.4): the issuer or the subject of a certificate.
 *
 * Immutable. What was read from DER keeps its exact bytes: a name is never encoded again.
 *
 * @example
 * DistinguishedName.parse('CN=Example Root CA,O=Example').commonNames; // ['Example Root CA']
 */
export class DistinguishedName {
  /** The Name as DER: a SEQUENCE of RDNs, the most general first. */
  readonly der: Uint8Array;
  /** The RDNs in the order of the DER, the most general first. */
  readonly rdns: readonly RelativeDistinguishedName[];
  readonly #content: NameContent;

  private constructor(der: Uint8Array, content: NameContent) {
    this.der = der;
    this.rdns = content.rdns;
    this.#content = content;
  }

  /**
   * Reads an RFC 4514 string and encodes it after RFC 5280: country and serialNumber as PrintableString, domain
   * components and e-mail addresses as IA5String, everything else as UTF8String.
   *
   * @param text - such as `CN=Example Root CA,O=Example`, the most specific RDN first
   * @throws {InvalidInputError} NAME_INVALID: the string is malformed, or a value does not fit its type or its upper bound
   */
  static parse(text: string): DistinguishedName {
    if (typeof text !== 'string') throw nameInvalid(`A name must be an RFC 4514 string, not ${typeof text}`, '');
    const rdns = parseNameText(text).reverse();
    return encodeName(
      rdns.map((rdn) =>
        rdn.map(({ type, value }) =>
          encodeAttribute(type, typeof value === 'string' ? encodeAttributeValue(type, value) : value),
        ),
      ),
    );
  }

  /**
   * Builds a name from attributes as they are, without any escaping.
   *
   * @param rdns - the RDNs in the order of the DER, the most general first; types by keyword (`CN`) or dotted OID
   * @throws {InvalidInputError} NAME_INVALID: an unknown type, or a value that does not fit its type or its upper bound
   */
  static fromRdns(rdns: readonly (readonly { readonly type: string; readonly value: string }[])[]): DistinguishedName {
    return encodeName(
      rdns.map((rdn) =>
        rdn.map(({ type, value }) => {
          const oid = attributeOid(type);
          return encodeAttribute(oid, encodeAttributeValue(oid, value));
        }),
      ),
    );
  }

  /**
   * Reads a DER Name. The bytes are kept, not copied.
   *
   * @param der - the whole Name, tag and length included
   * @param recurs - whether it is likely to come again, as that of an issuer is: it is then looked into once; default false
   * @throws {InvalidInputError} NAME_INVALID: not a Name, an empty RDN, or a string that is malformed for its type
   */
  static fromDer(der: Uint8Array, recurs = false): DistinguishedName {
    try {
      return new DistinguishedName(der, knownNames.read(der, recurs));
    } catch (error) {
      if (!(error instanceof InvalidInputError) || error.code === 'NAME_INVALID') throw error;
      throw nameInvalid(`Not a Name: ${error.message}`, '', error);
    }
  }

  /** Whether the name has no RDN. */
  get isEmpty(): boolean {
    return this.rdns.length === 0;
  }

  /** The values of every commonName, the most general first. */
  get commonNames(): readonly string[] {
    return this.valuesOf(COMMON_NAME);
  }

  /**
   * The values of an attribute type.
   *
   * @param type - a keyword (`O`) or a dotted OID
   * @throws {InvalidInputError} NAME_INVALID: an unknown keyword
   */
  valuesOf(type: string): readonly string[] {
    const oid = attributeOid(type);
    return this.rdns.flatMap((rdn) =>
      rdn.filter((attribute) => attribute.type === oid).map((attribute) => attribute.value),
    );
  }

  /** Whether two names are the same after RFC 5280 section 7.1: case and insignificant spaces do not count. */
  equals(other: DistinguishedName): boolean {
    if (this === other || equalBytes(this.der, other.der)) return true;
    return this.rdns.length === other.rdns.length && this.isWithin(other);
  }

  /** Equal for equal names, and for no others: to look names up by. */
  get matchKey(): string {
    this.#content.matchKey ??= this.#keys.join('\u0000');
    return this.#content.matchKey;
  }

  /** Whether this name lies in the subtree of `base`: it begins with all RDNs of `base` (RFC 5280 section 4.2.1.10). */
  isWithin(base: DistinguishedName): boolean {
    const keys = this.#keys;
    return base.#keys.length <= keys.length && base.#keys.every((key, index) => key === keys[index]);
  }

  /** The RFC 4514 string, the most specific RDN first. */
  toString(): string {
    this.#content.text ??= formatNameText(this.rdns);
    return this.#content.text;
  }

  get #keys(): readonly string[] {
    this.#content.matchKeys ??= this.rdns.map(matchKeyOf);
    return this.#content.matchKeys;
  }
}

/** What a name says, and what is worked out of it when first asked for: the same for all names of the same bytes. */
interface NameContent {
  readonly rdns: readonly RelativeDistinguishedName[];
  matchKeys?: readonly string[];
  matchKey?: string;
  text?: string;
}

/** The names of issuers read lately, which most certificates that are read next have too. */
class KnownNames {
  readonly #slots = new Array<{ readonly der: Uint8Array; readonly content: NameContent } | undefined>(256);

  read(der: Uint8Array, recurs: boolean): NameContent {
    if (der.length > LONGEST_KNOWN) return { rdns: readRdns(der) };
    const slot = hashBytes(der) % this.#slots.length;
    const known = this.#slots[slot];
    if (known !== undefined && equalBytes(known.der, der)) return known.content;
    if (!recurs) return { rdns: readRdns(der) };
    // A copy: views would keep the whole certificate.
    const copy = new Uint8Array(der);
    const content = { rdns: readRdns(copy) };
    this.#slots[slot] = { der: new Uint8Array(der), content };
    return content;
  }
}

const LONGEST_KNOWN = 512;
const knownNames = new KnownNames();

function attributeOid(type: string): string {
  if (/^\d+(\.\d+)+$/.test(type)) return type;
  const known = attributeTypeNamed(type);
  if (known === undefined) throw nameInvalid(`Unknown attribute type ${quote(type)}; write its OID`, type);
  return known.oid;
}

function encodeAttribute(type: string, value: Uint8Array): Uint8Array {
  try {
    return derSequence(derOid(type), value);
  } catch (error) {
    throw nameInvalid(`${quote(type)} is not an OID`, type, error);
  }
}

function encodeName(rdns: readonly (readonly Uint8Array[])[]): DistinguishedName {
  return DistinguishedName.fromDer(
    derSequence(
      ...rdns.map((rdn) => {
        if (new Set(rdn.map(toHex)).size !== rdn.length) throw nameInvalid('An RDN has the same attribute twice', '');
        return derSet(...rdn);
      }),
    ),
  );
}

/** The order within a SET is not judged: names in use get it wrong, and nobody is misled. */
function readRdns(der: Uint8Array): readonly RelativeDistinguishedName[] {
  const outer = new DerReader(der);
  const name = outer.read(Tag.sequence);
  outer.finish();
  const rdns: RelativeDistinguishedName[] = [];
  while (!name.done) {
    const attributes = name.read(Tag.set);
    if (attributes.done) throw nameInvalid('A Name has an RDN without attributes', '');
    const rdn: NameAttribute[] = [];
    while (!attributes.done) rdn.push(readAttribute(attributes));
    rdns.push(rdn);
  }
  return rdns;
}

function readAttribute(attributes: DerReader): NameAttribute {
  const attribute = attributes.read(Tag.sequence);
  const type = attribute.oid();
  const { value, encoded } = readAttributeValue(attribute);
  attribute.finish();
  return { type, value, encoded };
}
