import type { CertificateChange } from '../../ports/certificate-source.ts';
import type { CertificateValue } from '../collections.ts';
import { isServable } from '../names/subject-names.ts';

/**
 * Says what a change of a certificate may mean to who serves it.
 *
 * @param names default: those that it holds
 */
export function toChange(
  id: string,
  { generation, state, subjectAltNames }: CertificateValue,
  names: readonly string[] = subjectAltNames,
): CertificateChange {
  return { id, generation: state === 'issued' ? generation : 0, names: names.filter(isServable) };
}
