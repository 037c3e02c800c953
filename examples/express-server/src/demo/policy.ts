import type { IssuancePolicy } from '@chancery/core';

const FORBIDDEN = /(^|\.)forbidden\.example$/;

/** A rule of the host's own: no certificate for `forbidden.example` and what is below it. */
export const forbidden: IssuancePolicy = ({ subjectAltNames }) => {
  const refused = subjectAltNames.filter((name) => FORBIDDEN.test(name));
  if (refused.length === 0) return undefined;
  const message = 'this name is on the list of those that are not certified here';
  return { refuse: refused.map((value) => ({ rule: 'host.forbidden', value, message })) };
};
