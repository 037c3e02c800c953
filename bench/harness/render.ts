import type { Environment } from './environment.ts';
import { type GoalReport, significant, type Table, type Verdict } from './goal.ts';
import type { Lane } from './race.ts';

const MARKS: Readonly<Record<Verdict['outcome'], string>> = {
  pass: 'pass',
  fail: 'FAIL',
  absent: 'peer absent',
  'not run': 'not run',
};

/** The head of the report: what every figure below depends on. */
export function renderEnvironment(environment: Environment): string {
  const peers = Object.entries(environment.peers).map(([name, version]) => `${name} ${version}`);
  return [
    `Node ${environment.node.slice(1)} (its OpenSSL ${environment.nodeOpenssl}), ${environment.platform}`,
    `${environment.cores} CPUs, ${environment.cpu}`,
    `Peers: ${peers.join(', ')}`,
  ].join('\n');
}

/** One goal: its tables of contestants, then each bound beside its figure. */
export function renderGoal(report: GoalReport): string {
  return [
    `\n${report.title}`,
    ...report.tables.map(renderTable),
    renderVerdicts(report.verdicts),
    ...report.notes.map((note) => `  ${note}`),
  ].join('\n');
}

/** The last lines: how many bounds hold, and which do not. */
export function renderSummary(verdicts: readonly Verdict[]): string {
  const count = (outcome: Verdict['outcome']) => verdicts.filter((verdict) => verdict.outcome === outcome).length;
  const parts = [`${count('pass')} bounds hold`, `${count('fail')} do not`];
  if (count('absent') > 0) parts.push(`${count('absent')} cannot be judged without their peer`);
  if (count('not run') > 0) parts.push(`${count('not run')} not run`);
  return `\n${parts.join(', ')}`;
}

function renderTable(table: Table): string {
  const base = table.lanes.find((lane) => lane.name === table.base)?.wallNs;
  const header =
    table.unit === 'rate'
      ? ['per second', `x ${table.base}`, 'CPU µs', 'rounds']
      : ['ms', `x ${table.base}`, 'CPU ms', 'rounds'];
  const rows = table.lanes.map((lane) => [lane.name, ...renderLane(lane, table.unit, base)]);
  return columns([[table.title, ...header], ...rows]);
}

/** Multiples are of speed for rates and of time for durations: what is better stands out as one would say it. */
function renderLane(lane: Lane, unit: Table['unit'], base: number | undefined): string[] {
  const { wallNs, cpuNs = Number.NaN } = lane;
  if (wallNs === undefined) return [`absent: ${lane.absent}`];
  const rate = unit === 'rate';
  const multiple = base === undefined ? '' : significant(rate ? base / wallNs : wallNs / base);
  return [
    rate ? significant(1e9 / wallNs) : significant(wallNs / 1e6),
    multiple,
    significant(cpuNs / (rate ? 1e3 : 1e6)),
    String(lane.rounds),
  ];
}

function renderVerdicts(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ bound, outcome, figure, unlucky, cpu, note }) => [
    bound,
    figure ?? '',
    unlucky ?? '',
    cpu ?? '',
    note === undefined ? MARKS[outcome] : `${MARKS[outcome]} (${note})`,
  ]);
  return columns([['bound', 'median', 'unlucky 10 %', 'by CPU', 'verdict'], ...rows], true);
}

/** Lines up cells: words to the left, figures to the right. A row that is cut short ends in a sentence. */
function columns(rows: readonly (readonly string[])[], sentences = false): string {
  const full = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: full }, (_, column) =>
    Math.max(...rows.filter((row) => column === 0 || row.length === full).map((row) => row[column]?.length ?? 0)),
  );
  const cell = (text: string, column: number, row: readonly string[]) => {
    if (column === 0) return text.padEnd(widths[0] ?? 0);
    const isSentence = column === row.length - 1 && (sentences || row.length < full);
    return isSentence ? text : text.padStart(widths[column] ?? 0);
  };
  return rows.map((row) => `  ${row.map((text, column) => cell(text, column, row)).join('  ')}`.trimEnd()).join('\n');
}
