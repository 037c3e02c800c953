import type { RollEntry } from './rolls.ts';

/** How a certificate stands: `ending` is valid, and nobody renews it. */
export type Standing = 'valid' | 'ending' | 'pending' | 'expired' | 'revoked' | 'failed';

/** Those that end within a span of time, and the renewals that are due in it. Milliseconds from the present. */
export interface TimelineColumn {
  readonly from: number;
  readonly to: number;
  renewing: number;
  ending: number;
  expired: number;
  revoked: number;
  renewals: number;
}

/** What the overview shows. */
export interface Overview {
  readonly total: number;
  readonly counts: Readonly<Record<Standing, number>>;
  readonly timeline: readonly TimelineColumn[];
  /** The next to be renewed. */
  readonly renewals: readonly RollEntry[];
  /** Those that nobody renews, soonest end first. */
  readonly endings: readonly RollEntry[];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Where the columns meet: close to the present they are minutes wide, far from it months. */
const EDGES = [
  ...[-30, -7, -1].map((days) => days * DAY),
  ...[-6, -1].map((hours) => hours * HOUR),
  ...[-10, 0, 1, 2, 3, 5, 8, 12, 20, 40].map((minutes) => minutes * MINUTE),
  ...[1, 2, 4, 8, 12].map((hours) => hours * HOUR),
  ...[1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 30, 37, 45, 52, 60, 67, 75, 82, 91].map((days) => days * DAY),
  ...[105, 120, 150, 180, 240, 300, 366, 400].map((days) => days * DAY),
];
const LISTED = 8;
const SERIES = { valid: 'renewing', ending: 'ending', expired: 'expired', revoked: 'revoked' } as const;

/** Counts certificates by how they stand and by when they end. */
export function overviewOf(entries: Iterable<RollEntry>, now: number): Overview {
  const counts = { valid: 0, ending: 0, pending: 0, expired: 0, revoked: 0, failed: 0 };
  const timeline = EDGES.slice(1).map((to, index) => emptyColumn(EDGES[index] as number, to));
  const renewed: RollEntry[] = [];
  const ending: RollEntry[] = [];
  let total = 0;
  for (const entry of entries) {
    const standing = standingOf(entry, now);
    total += 1;
    counts[standing] += 1;
    if (standing === 'valid') renewed.push(entry);
    if (standing === 'ending') ending.push(entry);
    const series = standing in SERIES ? SERIES[standing as keyof typeof SERIES] : undefined;
    if (series !== undefined) count(timeline, entry.notAfter, now, series);
    if (standing === 'valid') count(timeline, entry.renewAt, now, 'renewals');
  }
  return { total, counts, timeline, renewals: first(renewed, 'renewAt'), endings: first(ending, 'notAfter') };
}

function standingOf({ state, notAfter, renewAt }: RollEntry, now: number): Standing {
  if (state !== 'issued') return state;
  if (notAfter !== undefined && notAfter.getTime() < now) return 'expired';
  return renewAt === undefined ? 'ending' : 'valid';
}

function emptyColumn(from: number, to: number): TimelineColumn {
  return { from, to, renewing: 0, ending: 0, expired: 0, revoked: 0, renewals: 0 };
}

/** What lies beyond either end is counted nowhere; a renewal that is overdue is due at once. */
function count(
  timeline: readonly TimelineColumn[],
  instant: Date | undefined,
  now: number,
  series: Exclude<keyof TimelineColumn, 'from' | 'to'>,
): void {
  if (instant === undefined) return;
  const at = series === 'renewals' ? Math.max(0, instant.getTime() - now) : instant.getTime() - now;
  const column = timeline.find(({ from, to }) => from <= at && at < to);
  if (column !== undefined) column[series] += 1;
}

function first(entries: RollEntry[], by: 'renewAt' | 'notAfter'): RollEntry[] {
  return entries.sort((a, b) => (a[by]?.getTime() ?? 0) - (b[by]?.getTime() ?? 0)).slice(0, LISTED);
}
