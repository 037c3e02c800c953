import { h } from '../parts/dom.js';
import { facts } from '../parts/facts.js';
import { hexGroups } from '../parts/text.js';
import { exactTime } from '../parts/time.js';

/** Every field of a certificate, its extensions folded. */
export function inspection(fields, chainPem) {
  const { extensions, publicKey, fingerprints } = fields;
  return h(
    'div',
    { class: 'stack' },
    facts([
      ['Version', `${fields.version}`],
      ['Serial number', hex(fields.serialNumber)],
      ['Subject', fields.subject || h('span', { class: 'soft' }, 'empty: the names are in subjectAltName')],
      ['Issuer', fields.issuer],
      ['notBefore', exactTime(fields.notBefore)],
      ['notAfter', exactTime(fields.notAfter)],
      ['Public key', [publicKey.algorithm, publicKey.modulusBits && `, ${publicKey.modulusBits} bits`]],
      ['Key’s SHA-256', hex(publicKey.sha256)],
      ['Signature', fields.signatureAlgorithm],
      ['SHA-1', hex(fingerprints.sha1)],
      ['SHA-256', hex(fingerprints.sha256)],
    ]),
    h(
      'div',
      {},
      extensions.map(extension),
      h(
        'details',
        { 'data-key': 'pem' },
        h('summary', {}, 'PEM'),
        h('pre', { tabindex: 0, 'aria-label': 'Chain in PEM' }, chainPem),
      ),
    ),
  );
}

function extension({ oid, name, critical, value, hex: content, problem }) {
  return h(
    'details',
    { 'data-key': `extension-${oid}` },
    h('summary', {}, h('span', {}, name ?? oid), critical && h('span', { class: 'tag' }, 'critical')),
    problem
      ? h('p', {}, `It cannot be read: ${problem}`)
      : h('div', { class: 'tree' }, value === undefined ? hex(content ?? '') : tree(value)),
  );
}

/** A plain value of any depth. */
function tree(value) {
  if (Array.isArray(value))
    return h(
      'ul',
      {},
      value.map((item) => h('li', {}, tree(item))),
    );
  if (value === null || typeof value !== 'object') return h('span', {}, String(value));
  return h(
    'ul',
    {},
    Object.entries(value).map(([key, item]) => {
      const isDeep = item !== null && typeof item === 'object';
      return h(
        'li',
        {},
        h('span', { class: 'key' }, `${key}: `),
        isDeep ? h('div', { class: 'tree' }, tree(item)) : tree(item),
      );
    }),
  );
}

const hex = (text) => h('span', { class: 'mono' }, hexGroups(text));
