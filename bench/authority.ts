import { MemoryStorage } from '@chancery/storage-memory';
import { inProcess } from './harness/contestant.ts';
import { atLeast, type Goal } from './harness/goal.ts';
import { race } from './harness/race.ts';
import { OURS_GATED, ourAnswer, ourGatedCsr } from './ours/issuance.ts';
import { namesOf } from './workload/csr-pool.ts';
import { createIssuance, turns } from './workload/issuance.ts';
import { readyAuthority } from './workload/ready-authority.ts';
import { verifyIssued } from './workload/verify.ts';

const BARE = 'bare x509 path';
const ISSUE = 'authority.issue';
const ISSUE_MANY = 'authority.issueMany(100)';
const BATCH = 100;

/** Goal 4, the half on memory storage: what policy, ledger and storage add to the bare path. */
export const authorityGoal: Goal = async (context) => {
  const issuance = createIssuance(context.folder);
  const { pems } = issuance.requests;
  const bare = await ourAnswer(issuance);
  const authority = await readyAuthority({ storage: new MemoryStorage() });
  const request = (index: number) => ({
    csr: pems[index] as string,
    subjectAltNames: namesOf(index),
    profile: 'server',
  });
  verifyIssued(await authority.issue(request(0)), await authority.trustAnchorsPem(), context.folder);

  const next = turns(pems.length);
  const entrants = [
    inProcess(BARE, async (count) => {
      for (let i = 0; i < count; i++) await bare(pems[next()] as string);
    }),
    await ourGatedCsr(issuance),
    inProcess(ISSUE, async (count) => {
      for (let i = 0; i < count; i++) await authority.issue(request(next()));
    }),
    inProcess(ISSUE_MANY, async (count) => {
      for (let done = 0; done < count; done += BATCH) {
        const size = Math.min(BATCH, count - done);
        const outcomes = await authority.issueMany(Array.from({ length: size }, () => request(next())));
        const refused = outcomes.find((outcome) => outcome.status === 'rejected');
        if (refused !== undefined) throw refused.reason;
      }
    }),
  ];
  const result = await race(entrants, context);
  return {
    title: 'Goal 4 (memory half): authority.issue whole, request PEM to certificate PEM, one caller',
    tables: [{ title: 'certificates', unit: 'rate', base: BARE, lanes: result.lanes }],
    verdicts: [
      atLeast(0.5, `${BARE} (goal 2)`, result.ratio(ISSUE, BARE)),
      atLeast(2, `${ISSUE}, by issueMany(100)`, result.ratio(ISSUE_MANY, ISSUE)),
    ],
    notes: [`${OURS_GATED}: the bare path and the judgement that authority.issue passes on every certificate as well`],
  };
};
