import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/testing/random.ts';
import { ClientHelloReader } from '../../src/tls/challenge/client-hello-reader.ts';
import { seed, soakSize } from '../support/soak.ts';
import { capturedHello, inRecords, messageOf } from './support/client-hello.ts';

const EXPECTED = { serverName: 'a.example', protocols: ['acme-tls/1', 'h2'] };
const hello = () => capturedHello({ servername: 'a.example', ALPNProtocols: ['acme-tls/1', 'h2'] });

/** Reads chunks, until there is a result. */
function read(chunks: Iterable<Uint8Array>): ReturnType<ClientHelloReader['push']> {
  const reader = new ClientHelloReader();
  for (const chunk of chunks) {
    const result = reader.push(chunk);
    if (result !== 'more') return result;
  }
  return 'more';
}

function* split(bytes: Uint8Array, next: () => number): Generator<Uint8Array> {
  for (let at = 0, length = 0; at < bytes.length; at += length) {
    length = next();
    yield bytes.subarray(at, at + length);
  }
}

describe('a ClientHello', () => {
  it('is read however it is cut into records and chunks', async () => {
    const bytes = await hello();
    expect(read([bytes])).toEqual(EXPECTED);
    for (const most of [1, 2, 7, 100, 16_000]) {
      const records = inRecords(messageOf(bytes), most);
      expect(read([records])).toEqual(EXPECTED);
      expect(read(split(records, () => 1))).toEqual(EXPECTED);
    }
  });

  it('without names and protocols, or without extensions, says so', async () => {
    expect(read([await capturedHello({})])).toEqual({ serverName: undefined, protocols: [] });
    const short = Uint8Array.of(1, 0, 0, 39, 3, 3, ...new Array<number>(32).fill(7), 0, 0, 0, 2, 0);
    expect(read([inRecords(short, 100)])).toBe('other');
    const whole = Uint8Array.of(1, 0, 0, 41, 3, 3, ...new Array<number>(32).fill(7), 0, 0, 2, 19, 1, 1, 0);
    expect(read([inRecords(whole, 100)])).toEqual({ serverName: undefined, protocols: [] });
  });

  it.each([
    ['HTTP', new TextEncoder().encode('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n')],
    ['an alert', Uint8Array.of(21, 3, 1, 0, 2, 2, 40)],
    ['an empty record', Uint8Array.of(22, 3, 1, 0, 0)],
    ['a record that is too large', Uint8Array.of(22, 3, 1, 0x40, 1)],
    ['SSL 2', Uint8Array.of(0x80, 0x2e, 1, 3, 1, 0)],
    ['another message', inRecords(Uint8Array.of(2, 0, 0, 1, 0), 100)],
    ['a message of 16 MiB', Uint8Array.of(22, 3, 1, 0, 4, 1, 255, 255, 255)],
  ])('is not what begins with %s', (_, bytes) => {
    expect(read([bytes])).toBe('other');
    expect(read(split(bytes, () => 1))).toBe('other');
  });

  it('that never ends is given up, in bounded work', () => {
    const reader = new ClientHelloReader();
    const piece = inRecords(Uint8Array.of(1, 0, 0x3f, 0, ...new Array<number>(60).fill(0)), 64);
    const more = inRecords(new Uint8Array(64), 1);
    expect(reader.push(piece)).toBe('more');
    let pushed = 0;
    while (reader.push(more) === 'more') pushed += more.length;
    expect(pushed).toBeLessThan(100_000);
  });

  const first = seed(40_911);
  const rounds = soakSize(20_000, 2_000_000);
  it(`that is damaged reads as something or nothing, ${rounds} times, seed ${first}`, async () => {
    const random = new SeededRandom(first);
    const whole = messageOf(await hello());
    const seen = { more: 0, other: 0, hello: 0 };
    for (let round = 0; round < rounds; round++) {
      const message = Uint8Array.from(whole);
      const changes = random.integer(0, 4);
      for (let change = 0; change < changes; change++)
        message[random.integer(0, message.length - 1)] = random.integer(0, 255);
      const records = inRecords(
        message.subarray(0, random.chance(0.3) ? random.integer(1, message.length) : message.length),
        random.integer(1, 600),
      );
      if (random.chance(0.2)) records[random.integer(0, records.length - 1)] = random.integer(0, 255);
      const result = read(split(records, () => random.integer(1, 300)));
      seen[typeof result === 'string' ? result : 'hello'] += 1;
      if (changes === 0 && typeof result === 'object') expect(result.protocols.length).toBeLessThanOrEqual(255);
    }
    console.info(`${rounds} damaged hellos: ${JSON.stringify(seen)}`);
    expect(Math.min(seen.more, seen.other, seen.hello)).toBeGreaterThan(rounds / 1_000);
  });
});
