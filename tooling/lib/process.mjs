import { spawn } from 'node:child_process';

/** Children that still run; they end with this process. */
const running = new Set();

/**
 * Settings of npm that a child may inherit: how to reach a registry. The rest of `npm_config_*` is npm's own, and other
 * package managers misread it.
 */
const KEPT_CONFIG = /^npm_config_(registry|userconfig|globalconfig|cache|cafile|ca|strict_ssl|(https?_|no)?proxy)$/i;

/** The environment without what npm adds for its scripts. */
export function cleanEnvironment(extra = {}) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_(config|package|lifecycle|execpath|node_execpath|command)/i.test(name) || KEPT_CONFIG.test(name),
  );
  const plain = process.stdout.isTTY ? {} : { NO_COLOR: '1' };
  return { ...Object.fromEntries(kept), ...plain, ...extra };
}

export class CommandFailed extends Error {
  constructor(command, how, output, options) {
    super(`${command}: ${how}`, options);
    this.name = 'CommandFailed';
    this.output = output;
  }
}

/**
 * Runs a command and resolves to what it wrote.
 *
 * @param {string} command The program.
 * @param {readonly string[]} args Its arguments.
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, show?: boolean, signal?: AbortSignal, accept?: readonly number[], stoppable?: boolean }} options
 *   `show` passes the output through to the terminal; `accept` lists the exit codes that are no failure (default 0);
 *   `stoppable: false` is for what must not be cut off in the middle.
 * @returns {Promise<string>} Standard output and standard error, as they came.
 * @throws {CommandFailed} When the program is absent, exits otherwise or is killed; `output` holds what it wrote.
 */
export function run(command, args, options = {}) {
  const { cwd, env = cleanEnvironment(), show = false, signal, accept = [0], stoppable = true } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new CommandFailed(command, 'not started', ''));
    // A group of its own, so that a stop reaches the grandchildren too.
    const detached = process.platform !== 'win32' && !show;
    const child = spawn(command, args, {
      cwd,
      env,
      detached,
      shell: process.platform === 'win32' && /^(npm|npx)$/.test(command),
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
    });
    const chunks = [];
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    child.stderr?.on('data', (chunk) => chunks.push(chunk));
    const stop = () => kill(child, detached);
    if (stoppable) {
      running.add(stop);
      signal?.addEventListener('abort', stop, { once: true });
    }
    const settle = (how) => {
      running.delete(stop);
      signal?.removeEventListener('abort', stop);
      const output = Buffer.concat(chunks).toString();
      if (how === undefined) resolve(output);
      else reject(new CommandFailed([command, ...args].join(' '), how, output));
    };
    child.on('error', (error) => settle(error.message));
    child.on('close', (code, by) => {
      if (code !== null && accept.includes(code)) settle();
      else settle(code === null ? `ended by ${by}` : `exit code ${code}`);
    });
  });
}

function kill(child, group) {
  if (child.exitCode !== null || child.pid === undefined) return;
  try {
    if (group) process.kill(-child.pid, 'SIGTERM');
    else child.kill('SIGTERM');
  } catch {
    // It ended in between.
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    for (const stop of running) stop();
    process.exit(130);
  });
}
process.once('exit', () => {
  for (const stop of running) stop();
});
