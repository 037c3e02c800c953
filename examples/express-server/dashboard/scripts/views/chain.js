import { h } from '../parts/dom.js';

/** The path from the certificate up to the root, as far as the fields of the certificate tell it. */
export function chain({ chainPem, status }, { subject, subjectAltNames, issuer }) {
  const length = chainPem.split('-----BEGIN CERTIFICATE-----').length - 1;
  const links = [
    { role: 'Certificate', name: subject || subjectAltNames.join(', '), note: status },
    { role: 'Issued by', name: issuer, note: length > 1 ? 'sent along with the certificate' : undefined },
    { role: 'Trust anchor', name: 'The root', note: 'whoever connects has it already', href: '/pki/trust-anchors.pem' },
  ];
  return h(
    'section',
    { class: 'panel' },
    h(
      'header',
      {},
      h('h2', {}, 'Chain'),
      h(
        'button',
        { type: 'button', class: 'plain', onclick: () => download('chain.pem', chainPem) },
        'Download as PEM',
      ),
    ),
    h(
      'ol',
      { class: 'chain' },
      links.map(({ role, name, note, href }) =>
        h(
          'li',
          {},
          h('span', { class: 'role' }, role),
          h('p', {}, href ? h('a', { href, download: 'trust-anchors.pem' }, name) : name),
          note && h('span', { class: 'soft small' }, note),
        ),
      ),
    ),
  );
}

/** Lets the browser keep a text as a file. */
export function download(name, text, type = 'application/x-pem-file') {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1_000);
}
