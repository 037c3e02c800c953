import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePem, encodePem } from '../../src/encoding/pem.ts';
import { seed } from '../support/soak.ts';

const der = Uint8Array.of(0x30, 0x00);
const block = encodePem('CERTIFICATE', der);
const refused = expect.objectContaining({ name: 'InvalidInputError', code: 'PEM_INVALID' });

describe('encodePem', () => {
  it('writes lines of 64 characters and a final line break', () => {
    const lines = encodePem('X509 CRL', new Uint8Array(100)).split('\n');
    expect(lines[0]).toBe('-----BEGIN X509 CRL-----');
    expect(lines[1]).toHaveLength(64);
    expect(lines[3]).toHaveLength(8);
    expect(lines.slice(4)).toEqual(['-----END X509 CRL-----', '']);
  });

  it.each(['', ' A', 'A ', 'A-----', 'A--B', 'A\nB', 'Ä'])('refuses the label %j', (label) => {
    expect(() => encodePem(label, der)).toThrow(refused);
  });
});

describe('decodePem', () => {
  it('round-trips any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodePem(encodePem('CERTIFICATE REQUEST', bytes))).toEqual([
          { label: 'CERTIFICATE REQUEST', der: bytes },
        ]);
      }),
      { seed: seed(3) },
    );
  });

  it('reads several blocks, with text around them and CRLF within', () => {
    const text = `Subject: x\n${block}\n# and\n${encodePem('PRIVATE KEY', der).replaceAll('\n', '\r\n')}bye`;
    expect(decodePem(text).map(({ label }) => label)).toEqual(['CERTIFICATE', 'PRIVATE KEY']);
  });

  it('takes a list of labels', () => {
    expect(decodePem(block, { label: ['X', 'CERTIFICATE'] })).toHaveLength(1);
  });

  it('names the block with another label', () => {
    const text = block + encodePem('PRIVATE KEY', der);
    expect(() => decodePem(text, { label: 'CERTIFICATE' })).toThrow('PEM block 2 is PRIVATE KEY, not CERTIFICATE');
  });

  it('bounds the number of blocks', () => {
    expect(decodePem(block.repeat(3), { maxBlocks: 3 })).toHaveLength(3);
    expect(() => decodePem(block.repeat(3), { maxBlocks: 2 })).toThrow('more blocks than 2');
  });

  it.each([
    ['no block', 'hello'],
    ['no END line', block.replace(/-----END.*/s, '')],
    ['another END label', block.replace('END CERTIFICATE', 'END X509 CRL')],
    ['a header, which marks encryption', block.replace('\n', '\nProc-Type: 4,ENCRYPTED\n\n')],
    ['what is not base64', block.replace('MAA=', 'MA*=')],
    ['base64 without padding', block.replace('MAA=', 'MAA')],
    ['a BEGIN line that does not end', '-----BEGIN CERTIFICATE\nMAA='],
    ['a BEGIN line without a label', block.replaceAll('CERTIFICATE', '')],
    ['a block within a block', block.replace('MAA=', block)],
    ['what is not text', 1 as unknown as string],
  ])('refuses %s', (_, text) => {
    expect(() => decodePem(text)).toThrow(refused);
  });

  it('never repeats the content in the error', () => {
    const secret = encodePem('PRIVATE KEY', Uint8Array.from(Buffer.from('very secret key!'))).replace('=', '');
    const body = secret.split('\n')[1] as string;
    expect(() => decodePem(secret)).toThrow(refused);
    try {
      decodePem(secret);
    } catch (error) {
      const { message, cause } = error as Error;
      expect(`${message} ${(cause as Error).message}`).not.toContain(body.slice(0, 8));
    }
  });
});
