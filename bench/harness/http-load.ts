import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { findProgram } from './command.ts';

const run = promisify(execFile);
const CONNECTIONS = 32;

/** Who serves. */
export type HttpServerKind =
  | 'node:http'
  | 'node:http, the same bytes'
  | 'express'
  | 'ours, strict'
  | 'ours, offline'
  | 'ours on express';

/** What is asked of a server. */
export interface HttpTarget {
  readonly port: number;
  readonly path: string;
  readonly token?: string;
}

/** How many requests were answered, in how many seconds. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
}

/** What generates the load here. */
export const LOAD_GENERATOR = findProgram('wrk') === undefined ? 'node:net sockets, which share the machine' : 'wrk';

/** Keeps a server busy over 32 connections, one request at a time on each: by wrk, or by sockets of this process. */
export function load(target: HttpTarget, seconds: number): Promise<LoadResult> {
  return LOAD_GENERATOR === 'wrk' ? loadByWrk(target, seconds) : loadBySockets(target, seconds);
}

async function loadByWrk({ port, path, token }: HttpTarget, seconds: number): Promise<LoadResult> {
  const header = token === undefined ? [] : ['-H', `Authorization: Bearer ${token}`];
  const size = ['-t', '1', '-c', String(CONNECTIONS), '-d', `${Math.max(1, Math.round(seconds))}s`];
  const { stdout } = await run('wrk', [...size, ...header, `http://127.0.0.1:${port}${path}`]);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`wrk met errors:\n${stdout}`);
  const [, requests, time] = /(\d+) requests in ([\d.]+)s/.exec(stdout) ?? [];
  return { requests: Number(requests), seconds: Number(time) };
}

async function loadBySockets({ port, path, token }: HttpTarget, seconds: number): Promise<LoadResult> {
  const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`;
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${authorization}\r\n`;
  const start = process.hrtime.bigint();
  const until = start + BigInt(Math.round(seconds * 1e9));
  const counts = await Promise.all(Array.from({ length: CONNECTIONS }, () => keepAsking(port, request, until)));
  const requests = counts.reduce((sum, count) => sum + count, 0);
  return { requests, seconds: Number(process.hrtime.bigint() - start) / 1e9 };
}

/** Every answer of the contestants says its length, and is much shorter than a piece. */
function keepAsking(port: number, request: string, until: bigint): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    let count = 0;
    let answer = '';
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('data', (piece: string) => {
      answer += piece;
      const head = answer.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? Number.NaN);
      if (head < 0 || answer.length < head + 4 + length) return;
      if (!answer.startsWith('HTTP/1.1 200')) {
        reject(new Error(`not 200: ${answer.slice(0, 300)}`));
        socket.destroy();
        return;
      }
      answer = '';
      count += 1;
      if (process.hrtime.bigint() < until) socket.write(request);
      else {
        socket.destroy();
        resolve(count);
      }
    });
  });
}
