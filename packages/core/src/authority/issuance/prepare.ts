import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { DistinguishedName } from '../../x509/name/distinguished-name.ts';
import { type GeneralName, parseGeneralNameText } from '../../x509/name/general-name.ts';
import type { AuthorityContext } from '../context.ts';
import { foldNames, lowerCaseAscii } from '../policy/names.ts';
import type { CertificateProfile } from '../profiles.ts';
import { type IssueOptions, parseIssueOptions } from './request.ts';
import { type RequestedKey, requestedKey } from './subject-key.ts';

/** A request, understood: everything about it that does not depend on who signs. */
export interface PreparedRequest {
  readonly options: IssueOptions;
  readonly profileName: string;
  readonly profile: CertificateProfile;
  readonly key: RequestedKey;
  readonly subject: DistinguishedName;
  readonly names: readonly GeneralName[];
}

const nameless = () => DistinguishedName.parse('');

/** Parses a request's options and key, and settles its subject. */
export async function prepareRequest(
  { crypto }: AuthorityContext,
  profiles: Readonly<Record<string, CertificateProfile>>,
  given: IssueOptions,
): Promise<PreparedRequest> {
  const options = parseIssueOptions(given);
  throwIfAborted(options.signal);
  const profileName = options.profile ?? 'server';
  const profile = Object.hasOwn(profiles, profileName) ? profiles[profileName] : undefined;
  if (profile === undefined) {
    const known = Object.keys(profiles).join(', ');
    throw new InvalidInputError('INVALID_ARGUMENT', `profile ${quote(profileName)} is none of ${known}`, {
      facts: { profile: profileName.slice(0, 64) },
    });
  }
  const names = foldNames((options.subjectAltNames ?? []).map((name) => parseGeneralNameText(name)));
  const key = await requestedKey(options, crypto);
  return { options, profileName, profile, key, names, subject: subjectOf(options, key, names) };
}

/** The subject asked for; else the CSR's common name where it is one of the names asked for; else none. */
function subjectOf(options: IssueOptions, { csr }: RequestedKey, names: readonly GeneralName[]): DistinguishedName {
  if (options.subject !== undefined) return DistinguishedName.parse(options.subject);
  if (options.commonName !== undefined) return named(options.commonName);
  const [commonName, ...more] = csr?.subject.commonNames ?? [];
  if (commonName === undefined || more.length > 0) return nameless();
  const wanted = lowerCaseAscii(commonName);
  const asked = names.some(({ value }) => typeof value === 'string' && lowerCaseAscii(value) === wanted);
  return asked ? named(commonName) : nameless();
}

function named(commonName: string): DistinguishedName {
  return DistinguishedName.fromRdns([[{ type: 'CN', value: commonName }]]);
}
