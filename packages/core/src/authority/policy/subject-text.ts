import { InvalidInputError, type PolicyViolation } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { DistinguishedName } from '../../x509/name/distinguished-name.ts';
import { attributeTypeOf } from '../../x509/name/name-attributes.ts';

/**
 * Control characters, line and paragraph separators, and what changes the direction of the text around it: some readers stop at
 * them, others show another name than the one that is there.
 */
const DECEPTIVE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/**
 * Checks the text of a subject that is to be certified, whatever the profile: no character that deceives a reader, and the upper
 * bounds of RFC 5280 appendix A.1, also where the value was given as DER.
 *
 * @param subject - as it will be certified
 * @returns one violation at most for each attribute
 */
export function checkSubjectText(subject: DistinguishedName): PolicyViolation[] {
  const violations: PolicyViolation[] = [];
  for (const { type, value } of subject.rdns.flat()) {
    const known = attributeTypeOf(type);
    const label = known?.shortName ?? type;
    if (DECEPTIVE.test(value)) {
      const message = `the subject's ${label} ${quote(value)} holds a control character`;
      violations.push({ rule: 'name.subject.characters', value, message });
    } else if (known !== undefined && [...value].length > known.maxLength) {
      const message = `the subject's ${label} ${quote(value)} has more than ${known.maxLength} characters`;
      violations.push({ rule: 'name.subject.length', value, message });
    }
  }
  return violations;
}

/**
 * Reads the subject of a CA, which must say something and deceive nobody.
 *
 * @param text - RFC 4514
 * @throws {InvalidInputError} NAME_INVALID: malformed, empty, or with what {@link checkSubjectText} refuses
 */
export function parseCaSubject(text: string): DistinguishedName {
  const subject = DistinguishedName.parse(text);
  if (subject.isEmpty) throw new InvalidInputError('NAME_INVALID', 'A CA needs a subject');
  const [violation] = checkSubjectText(subject);
  if (violation !== undefined) throw new InvalidInputError('NAME_INVALID', violation.message);
  return subject;
}
