import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Contestant, Entrant, Spent } from './contestant.ts';
import type { NativeProgram } from './goal.ts';

/**
 * A contestant outside JavaScript: a process that lives as long as the race and works on request, so that it takes part
 * in the interleaving like everyone else.
 *
 * A line `run N` is answered by `ran WALL CPU` (nanoseconds, measured by the peer itself), `sample` by `sample BASE64`.
 *
 * @param args The task and its files.
 */
export function nativePeer(
  name: string,
  program: NativeProgram,
  args: readonly string[],
  pace?: Contestant['pace'],
): Entrant {
  if ('absent' in program) return { name, absent: program.absent };
  const { path } = program;
  let conversation: Conversation | undefined;
  const ask = (request: string): Promise<string[]> => {
    conversation ??= new Conversation(path, args);
    return conversation.ask(request);
  };
  return {
    name,
    ...(pace === undefined ? {} : { pace }),
    async run(count): Promise<Spent> {
      const [verb, wall, cpu] = await ask(`run ${count}`);
      if (verb !== 'ran') throw new Error(`${name} answered ${verb}`);
      return { wallNs: Number(wall), cpuNs: Number(cpu) };
    },
    async sample(): Promise<Uint8Array> {
      const [verb, base64] = await ask('sample');
      if (verb !== 'sample' || base64 === undefined) throw new Error(`${name} answered ${verb}`);
      return Buffer.from(base64, 'base64');
    },
    close: async () => conversation?.close(),
  };
}

/** A child process that is asked one line at a time and answers one line each. */
class Conversation {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #ended: Promise<string>;
  readonly #answers: AsyncIterator<string>;

  constructor(path: string, args: readonly string[]) {
    this.#child = spawn(path, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('close', (code, signal) => resolve(`ended with ${signal ?? code}`));
    });
    this.#child.stdin.on('error', () => this.#child.kill());
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async ask(request: string): Promise<string[]> {
    this.#child.stdin.write(`${request}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error(`peer ${this.#child.spawnfile} ${await this.#ended} on "${request}"`);
    return (value as string).split(' ');
  }

  async close(): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
  }
}
