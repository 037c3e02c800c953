/** How the value of an attribute type is encoded: a DirectoryString as UTF8String, or the one string type it allows. */
export type AttributeSyntax = 'directory' | 'printable' | 'ia5';

/** What is known of an attribute type of distinguished names (RFC 5280 appendix A.1, RFC 4519). */
export interface AttributeType {
  readonly oid: string;
  /** The keyword that RFC 4514 strings show. */
  readonly shortName: string;
  /** Other keywords that are read, in lower case. */
  readonly aliases: readonly string[];
  readonly syntax: AttributeSyntax;
  /** The most characters (code points) that a value may have. */
  readonly maxLength: number;
  /** The fewest characters; 1 unless the length is fixed. */
  readonly minLength: number;
}

const attribute = (
  oid: string,
  shortName: string,
  maxLength: number,
  syntax: AttributeSyntax = 'directory',
  aliases: readonly string[] = [],
  minLength = 1,
): AttributeType => ({ oid, shortName, aliases, syntax, maxLength, minLength });

/** The OID of commonName. */
export const COMMON_NAME = '2.5.4.3';
/** The OID of emailAddress (PKCS #9). */
export const EMAIL_ADDRESS = '1.2.840.113549.1.9.1';

const UB_NAME = 32768;

const ATTRIBUTE_TYPES: readonly AttributeType[] = [
  attribute(COMMON_NAME, 'CN', 64, 'directory', ['commonname']),
  attribute('2.5.4.4', 'SN', UB_NAME, 'directory', ['surname']),
  attribute('2.5.4.5', 'serialNumber', 64, 'printable'),
  attribute('2.5.4.6', 'C', 2, 'printable', ['countryname'], 2),
  attribute('2.5.4.7', 'L', 128, 'directory', ['localityname']),
  attribute('2.5.4.8', 'ST', 128, 'directory', ['stateorprovincename']),
  attribute('2.5.4.9', 'STREET', 128, 'directory', ['streetaddress']),
  attribute('2.5.4.10', 'O', 64, 'directory', ['organizationname']),
  attribute('2.5.4.11', 'OU', 64, 'directory', ['organizationalunitname']),
  attribute('2.5.4.12', 'title', 64),
  attribute('2.5.4.13', 'description', 1024),
  attribute('2.5.4.15', 'businessCategory', 128),
  attribute('2.5.4.17', 'postalCode', 40),
  attribute('2.5.4.20', 'telephoneNumber', 32, 'printable'),
  attribute('2.5.4.41', 'name', UB_NAME),
  attribute('2.5.4.42', 'GN', UB_NAME, 'directory', ['givenname']),
  attribute('2.5.4.43', 'initials', UB_NAME),
  attribute('2.5.4.44', 'generationQualifier', UB_NAME),
  attribute('2.5.4.46', 'dnQualifier', UB_NAME, 'printable'),
  attribute('2.5.4.65', 'pseudonym', 128),
  attribute('2.5.4.97', 'organizationIdentifier', UB_NAME),
  attribute('0.9.2342.19200300.100.1.1', 'UID', 256, 'directory', ['userid']),
  attribute('0.9.2342.19200300.100.1.25', 'DC', 63, 'ia5', ['domaincomponent']),
  attribute(EMAIL_ADDRESS, 'emailAddress', 255, 'ia5', ['e']),
  attribute('1.3.6.1.4.1.311.60.2.1.1', 'jurisdictionL', 128),
  attribute('1.3.6.1.4.1.311.60.2.1.2', 'jurisdictionST', 128),
  attribute('1.3.6.1.4.1.311.60.2.1.3', 'jurisdictionC', 2, 'printable', [], 2),
];

const BY_OID: ReadonlyMap<string, AttributeType> = new Map(ATTRIBUTE_TYPES.map((type) => [type.oid, type]));

const BY_KEYWORD: ReadonlyMap<string, AttributeType> = new Map(
  ATTRIBUTE_TYPES.flatMap((type) =>
    [type.shortName.toLowerCase(), ...type.aliases].map((word) => [word, type] as const),
  ),
);

/**
 * Finds an attribute type by its OID.
 *
 * @param oid - dotted decimal
 */
export function attributeTypeOf(oid: string): AttributeType | undefined {
  return BY_OID.get(oid);
}

/**
 * Finds an attribute type by its keyword, whatever its case (RFC 4514 section 3).
 *
 * @param keyword - such as `CN`, `commonName` or `emailAddress`
 */
export function attributeTypeNamed(keyword: string): AttributeType | undefined {
  return BY_KEYWORD.get(keyword.toLowerCase());
}
