import type { Metrics } from '../../src/index.ts';

/** One series and its value. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads metrics as Prometheus does. */
export async function scrape(metrics: Pick<Metrics, 'handler'>): Promise<string> {
  const request = new Request('http://127.0.0.1/metrics');
  const answer = await metrics.handler(request, { encrypted: false });
  if (answer.status !== 200) throw new Error(`The scrape was answered ${answer.status}`);
  return answer.text();
}

/** The series of a text in the format of Prometheus. */
export function samplesOf(text: string): Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      if (name === '') throw new Error(`This is no sample: ${line}`);
      const pairs = [...labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)];
      return { name, labels: Object.fromEntries(pairs.map(([, key, text]) => [key, text])), value: Number(value) };
    });
}

/** The value of the one series that has these labels among its own; undefined where there is none. */
export function readSeries(text: string, name: string, labels: Record<string, string> = {}): number | undefined {
  const fitting = samplesOf(text).filter(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  if (fitting.length > 1) throw new Error(`${fitting.length} series of ${name} fit ${JSON.stringify(labels)}`);
  return fitting[0]?.value;
}
