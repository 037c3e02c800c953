import { headerLength, writeHeader } from '../../src/encoding/der/length.ts';
import { DerReader } from '../../src/encoding/der/reader.ts';
import { toHex } from '../../src/encoding/hex.ts';
import { INVALID_INPUT_CODES } from '../../src/errors/codes.ts';
import { InvalidInputError } from '../../src/errors/families.ts';
import { soakSize } from '../support/soak.ts';

/** Mutations a target under `npm test`, and under `npm run soak`; `CHANCERY_FUZZ_ITERATIONS` overrides both. */
export const FUZZ_ITERATIONS = Number(process.env.CHANCERY_FUZZ_ITERATIONS ?? soakSize(10_000, 1_000_000));

/** What is fuzzed. */
export interface FuzzTarget {
  /** Well-formed inputs to start from. */
  readonly corpus: readonly Uint8Array[];
  /** Reads an input and looks at everything that it gives, lazy parts included. */
  readonly read: (input: Uint8Array) => void;
}

/** What came of it. */
export interface FuzzResult {
  readonly accepted: number;
  readonly refused: ReadonlyMap<string, number>;
}

/**
 * Reads mutations of a corpus. The same seed gives the same inputs.
 *
 * @throws {Error} With the seed and the input in hex: the target threw something else than an InvalidInputError with a
 *   code of the taxonomy, or read more element headers than twice the bytes of the input
 */
export function fuzz({ corpus, read }: FuzzTarget, iterations: number, seed: number): FuzzResult {
  const random = generator(seed);
  const refused = new Map<string, number>();
  let accepted = 0;
  const steps = countHeaders();
  try {
    for (let iteration = 0; iteration < iterations; iteration++) {
      const input = mutate(corpus, random);
      const report = (problem: string, cause?: unknown): Error =>
        new Error(`${problem} (seed ${seed}, iteration ${iteration}, input ${toHex(input)})`, { cause });
      steps.taken = 0;
      try {
        read(input);
        accepted++;
      } catch (error) {
        if (!(error instanceof InvalidInputError)) throw report(`Threw ${error}`, error);
        if (!INVALID_INPUT_CODES.includes(error.code)) throw report(`Unknown code ${error.code}`, error);
        refused.set(error.code, (refused.get(error.code) ?? 0) + 1);
      }
      if (steps.taken > 2 * input.length + 16) throw report(`Read ${steps.taken} headers of ${input.length} bytes`);
    }
  } finally {
    steps.stop();
  }
  return { accepted, refused };
}

/** Counts the element headers that any reader reads, through the one method that reads them. */
function countHeaders(): { taken: number; stop(): void } {
  const reader = DerReader.prototype as unknown as { expect(tag: number | undefined): number };
  const { expect } = reader;
  const steps = {
    taken: 0,
    stop: () => {
      reader.expect = expect;
    },
  };
  reader.expect = function (this: unknown, tag: number | undefined): number {
    steps.taken++;
    return expect.call(this, tag);
  };
  return steps;
}

type Random = (below: number) => number;

/** mulberry32: small, seeded and good enough to choose mutations. */
function generator(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function mutate(corpus: readonly Uint8Array[], random: Random): Uint8Array {
  const seedInput = corpus[random(corpus.length)] as Uint8Array;
  const rounds = 1 + random(3);
  let input = seedInput;
  for (let round = 0; round < rounds; round++) {
    input = random(3) === 0 ? mutateBytes(input, random) : mutateTree(input, corpus, random);
  }
  return input;
}

/** Breaks the encoding: bits, octets, cuts and repetitions. */
function mutateBytes(input: Uint8Array, random: Random): Uint8Array {
  const bytes = [...input];
  const at = random(bytes.length + 1);
  switch (random(6)) {
    case 0:
      bytes[at % Math.max(bytes.length, 1)] = (bytes[at] ?? 0) ^ (1 << random(8));
      break;
    case 1:
      bytes[at % Math.max(bytes.length, 1)] = [0, 1, 0x7f, 0x80, 0x81, 0x84, 0xff, random(256)][random(8)] as number;
      break;
    case 2:
      bytes.splice(at, random(8));
      break;
    case 3:
      bytes.splice(at, 0, ...Array.from({ length: 1 + random(8) }, () => random(256)));
      break;
    case 4:
      bytes.splice(at, 0, ...bytes.slice(at, at + random(64)));
      break;
    default:
      bytes.length = at;
  }
  return Uint8Array.from(bytes);
}

/** Keeps the encoding well-formed and breaks what it says: elements lost, repeated, swapped, retagged, transplanted. */
function mutateTree(input: Uint8Array, corpus: readonly Uint8Array[], random: Random): Uint8Array {
  const root = grow(input);
  const node = pick(root, random);
  const parent = node.parent;
  const children = parent?.children;
  switch (random(7)) {
    case 0:
      children?.splice(children.indexOf(node), 1);
      break;
    case 1:
      children?.splice(random(children.length + 1), 0, node);
      break;
    case 2:
      node.tag = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x17, 0x18, 0x30, 0x31, 0x80, 0xa0, random(256)][
        random(15)
      ] as number;
      break;
    case 3:
      node.children = undefined;
      node.content = Uint8Array.from({ length: random(24) }, () => random(256));
      break;
    case 4:
      if (children !== undefined) {
        const other = random(children.length);
        const at = children.indexOf(node);
        [children[at], children[other]] = [children[other] as Node, node];
      }
      break;
    case 5: {
      const donor = pick(grow(corpus[random(corpus.length)] as Uint8Array), random);
      Object.assign(node, { tag: donor.tag, children: donor.children, content: donor.content });
      break;
    }
    default:
      if (node.children === undefined) node.content = mutateBytes(node.content, random);
      else node.children.push(node.children[0] ?? { tag: 5, content: new Uint8Array(0) });
  }
  return encode(root, 0);
}

interface Node {
  tag: number;
  content: Uint8Array;
  children?: Node[] | undefined;
  parent?: Node;
}

/** Takes DER apart, as far as it is DER. OCTET STRINGs that hold DER, as extensions do, are entered too. */
function grow(bytes: Uint8Array, start = 0, end = bytes.length): Node {
  const tag = bytes[start] ?? 0;
  const from = contentStart(bytes, start);
  const node: Node = { tag, content: bytes.subarray(from, end) };
  if ((tag & 0x20) !== 0 || tag === 0x04) node.children = childrenOf(bytes, from, end);
  for (const child of node.children ?? []) child.parent = node;
  return node;
}

function childrenOf(bytes: Uint8Array, start: number, end: number): Node[] | undefined {
  const children: Node[] = [];
  for (let at = start; at < end; ) {
    const next = elementEnd(bytes, at);
    if (next > end) return undefined;
    children.push(grow(bytes, at, next));
    at = next;
  }
  return children.length === 0 ? undefined : children;
}

/** The reader under test would throw where there is no element, which costs more than all the rest. */
function elementEnd(bytes: Uint8Array, start: number): number {
  const from = contentStart(bytes, start);
  const first = bytes[start + 1] ?? 0;
  let length = first & 0x7f;
  if (first > 0x7f) {
    length = 0;
    for (let at = start + 2; at < from; at++) length = length * 256 + (bytes[at] as number);
  }
  return from + length;
}

function contentStart(bytes: Uint8Array, start: number): number {
  const first = bytes[start + 1] ?? 0;
  return Math.min(start + 2 + (first > 0x7f ? first & 0x7f : 0), bytes.length);
}

function pick(root: Node, random: Random): Node {
  const nodes = [root];
  for (let at = 0; at < nodes.length; at++) nodes.push(...(nodes[at]?.children ?? []));
  return nodes[random(nodes.length)] as Node;
}

/** A transplanted node may sit in itself; the depth keeps such a tree finite. */
function encode(node: Node, depth: number): Uint8Array {
  const parts = depth > 12 ? [] : (node.children?.map((child) => encode(child, depth + 1)) ?? [node.content]);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const element = new Uint8Array(headerLength(length) + length);
  let at = writeHeader(element, 0, node.tag, length);
  for (const part of parts) {
    element.set(part, at);
    at += part.length;
  }
  return element;
}
