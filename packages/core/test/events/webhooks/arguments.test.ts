import { describe, expect, it } from 'vitest';
import { generateWebhookSecret, webhookKey } from '../../../src/events/webhooks/secret.ts';
import { webhook } from '../../../src/events/webhooks/webhook.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';

const secret = generateWebhookSecret();
const url = 'https://hooks.example/path';

describe('the options of a webhook', () => {
  it('make a sink that shows no secret', () => {
    const sink = webhook({
      url: 'https://hooks.example:8443/t0ken',
      secret,
      types: ['a.*'],
      from: 'beginning',
      timeoutMs: 5,
    });
    expect(sink).toMatchObject({ name: 'hooks.example:8443', types: ['a.*'], from: 'beginning', timeoutMs: 5 });
    expect(webhook({ url, secret, name: 'mine' }).name).toBe('mine');
    for (const text of [JSON.stringify(sink), String(Object.values(sink))]) {
      expect(text).not.toContain(secret.slice(6));
      expect(text).not.toContain('t0ken');
    }
  });

  it.each([
    ['undefined', undefined],
    ['no url', { secret }],
    ['a relative url', { url: '/hooks', secret }],
    ['http', { url: 'http://hooks.example/', secret }],
    ['another protocol', { url: 'ftp://hooks.example/', secret, allowHttp: true }],
    ['credentials', { url: 'https://user:t0ken@hooks.example/', secret }],
    ['a user', { url: 'https://t0ken@hooks.example/', secret }],
    ['a fragment', { url: 'https://hooks.example/#t0ken', secret }],
    ['no secret', { url }],
    ['two kinds of secrets', { url, secret, secrets: [secret] }],
    ['no secrets', { url, secrets: [] }],
    ['too many secrets', { url, secrets: new Array(9).fill(secret) }],
    ['a secret without its prefix', { url, secret: 't0ken'.repeat(10) }],
    ['a secret that is not base64', { url, secret: 'whsec_t0ken!' }],
    ['a secret that is too short', { url, secret: `whsec_${Buffer.from('t0ken'.padEnd(23)).toString('base64')}` }],
    ['a secret that is too long', { url, secret: new Uint8Array(65) }],
    ['a number', { url, secret: 7 }],
    ['blocks that are none', { url, secret, allowPrivate: ['10.0.0.0'] }],
    ['a misspelled option', { url, secret, timeout: 5 }],
    ['a timeout of 0', { url, secret, timeoutMs: 0 }],
    ['a negative bound', { url, secret, maxResponseBytes: -1 }],
  ])('are refused without a word of what they hold: %s', async (_what, options) => {
    const error = await rejection(() => webhook(options as never));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).not.toContain('t0ken');
    expect(error.message).not.toContain(secret.slice(6, 20));
  });

  it.each([
    ...['https://127.0.0.1/', 'https://127.1/', 'https://0x7f.1/', 'https://0177.0.0.1/', 'https://2130706433/'],
    ...['https://①②⑦.0.0.1/', 'https://127.0.0.1./', 'https://0/', 'https://[::1]/', 'https://[::ffff:10.0.0.1]/'],
    ...['https://[64:ff9b::a9fe:a9fe]/', 'https://169.254.169.254/latest/meta-data/', 'https://[fd00:ec2::254]/'],
  ])('are refused where the host is an address that is not reachable from anywhere: %s', async (address) => {
    expect(await codeOf(() => webhook({ url: address, secret }))).toBe('WEBHOOK_ADDRESS_REFUSED');
    expect(webhook({ url: address, secret, allowPrivate: true }).name).not.toBe('');
  });

  it('allow private blocks one by one', async () => {
    const allowPrivate = ['10.0.0.0/8', 'fd00::/8'];
    expect(webhook({ url: 'https://10.1.2.3/', secret, allowPrivate }).name).toBe('10.1.2.3');
    expect(webhook({ url: 'https://[fd00::1]/', secret, allowPrivate }).name).toBe('[fd00::1]');
    expect(await codeOf(() => webhook({ url: 'https://192.168.0.1/', secret, allowPrivate }))).toBe(
      'WEBHOOK_ADDRESS_REFUSED',
    );
  });
});

describe('a secret', () => {
  it('that is made has 32 bytes, and is never the same', () => {
    const made = Array.from({ length: 50 }, () => generateWebhookSecret());
    expect(new Set(made).size).toBe(50);
    for (const each of made) expect(webhookKey(each)).toHaveLength(32);
  });

  it('given as bytes is copied', () => {
    const bytes = new Uint8Array(24).fill(1);
    const key = webhookKey(bytes);
    bytes.fill(2);
    expect([...key]).toEqual(new Array(24).fill(1));
  });
});
