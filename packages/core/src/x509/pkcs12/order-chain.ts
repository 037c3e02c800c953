import type { Certificate } from '../certificate/certificate.ts';

/**
 * Puts certificates into the order of a chain: one, its issuer, and so on as far as names lead, then the others as they were. It
 * proves nothing: that is for path validation.
 *
 * @param first - one of `certificates`
 */
export function orderChain(first: Certificate, certificates: readonly Certificate[]): Certificate[] {
  const rest = certificates.filter((each) => each !== first);
  const chain = [first];
  for (let last = first; ; ) {
    const at = last.issuer.equals(last.subject) ? -1 : rest.findIndex(({ subject }) => subject.equals(last.issuer));
    const [issuer] = at < 0 ? [] : rest.splice(at, 1);
    if (issuer === undefined) return [...chain, ...rest];
    chain.push(issuer);
    last = issuer;
  }
}
