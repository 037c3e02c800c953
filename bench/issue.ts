import { atLeast, type Goal } from './harness/goal.ts';
import { race } from './harness/race.ts';
import { OURS, ourIssue } from './ours/issuance.ts';
import { floorSign, SIGN } from './peers/floor.ts';
import { forkedIssuers } from './peers/forked.ts';
import { FORGE, GO, PECULIAR } from './peers/names.ts';
import { nativeIssuers } from './peers/native.ts';
import { createIssuance } from './workload/issuance.ts';
import { verifyCertificates } from './workload/verify.ts';

/** Goal 1: a certificate from a checked request, without storage. */
export const issueGoal: Goal = async (context) => {
  const issuance = createIssuance(context.folder);
  const entrants = [
    floorSign(issuance),
    await ourIssue(issuance),
    ...nativeIssuers('issue', context, issuance),
    ...forkedIssuers('issue', context.folder),
  ];
  await verifyCertificates(entrants, context.folder, (name) => (name === FORGE ? issuance.rsaCa : issuance.ca));
  const result = await race(entrants, context);
  return {
    title: 'Goal 1: issue from a checked request, no storage',
    tables: [{ title: 'certificates', unit: 'rate', base: SIGN, lanes: result.lanes }],
    verdicts: [
      atLeast(0.7, SIGN, result.ratio(OURS, SIGN)),
      atLeast(50, PECULIAR, result.ratio(OURS, PECULIAR)),
      atLeast(3, GO, result.ratio(OURS, GO)),
    ],
    notes: [],
  };
};
