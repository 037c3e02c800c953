import { send } from './api.js';

const RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 30_000;

/**
 * Follows the server's events, and connects again where it stopped. `EventSource` could not send the token.
 *
 * @param {{ onEvent: (entry: { sequence: number, event: object }) => void, onState: (state: 'live' | 'away') => void, signal: AbortSignal }} options
 */
export async function follow({ onEvent, onState, signal }) {
  let last;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const response = await send('/events/stream', { signal, headers: last && { 'last-event-id': last } });
      if (response.status === 401 || response.status === 403) return;
      if (!response.ok) throw new Error(`the stream answered ${response.status}`);
      onState('live');
      failures = 0;
      for await (const message of messages(response.body)) {
        if (message.id !== undefined) last = message.id;
        if (message.event === 'end') break;
        if (message.data !== '') onEvent(JSON.parse(message.data));
      }
    } catch {
      failures += 1;
    }
    if (signal.aborted) return;
    if (failures > 0) onState('away');
    await pause(Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** Math.max(0, failures - 1)), signal);
  }
}

/** The messages of an event stream, as the HTML standard parses them. */
async function* messages(body) {
  let text = '';
  let message = { data: [] };
  for await (const piece of chunks(body.pipeThrough(new TextDecoderStream()))) {
    text += piece;
    const lines = text.split(/\r\n|\n|\r/);
    text = lines.pop();
    for (const line of lines) {
      if (line !== '') {
        take(message, line);
        continue;
      }
      if (message.data.length > 0) yield { ...message, data: message.data.join('\n') };
      message = { data: [] };
    }
  }
}

function take(message, line) {
  const [name, value = ''] = split(line);
  if (name === 'data') message.data.push(value);
  else if (name === 'id' || name === 'event') message[name] = value;
}

function split(line) {
  const colon = line.indexOf(':');
  if (colon === -1) return [line];
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
}

/** Streams are not iterable in every browser. */
async function* chunks(stream) {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
