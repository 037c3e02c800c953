import { create } from '../api.js';
import { formDialog } from '../parts/dialog.js';
import { h } from '../parts/dom.js';
import { check, field, select } from '../parts/form.js';
import { notify } from '../parts/notice.js';
import { certificateTitle } from '../parts/text.js';
import { may } from '../session.js';

const KEYS = ['ECDSA-P256', 'ECDSA-P384', 'Ed25519', 'RSA-2048', 'RSA-3072', 'RSA-4096'];
const PROFILES = [
  ['server', 'A server'],
  ['client', 'A client'],
  ['peer', 'A server that is a client too'],
];
const LIFETIMES = [
  ['2160', '90 days'],
  ['720', '30 days'],
  ['168', '7 days'],
  ['0.1', '6 minutes: watch it being renewed'],
];

/** Asks what to issue, and issues it: to whoever may not do that for all, for themselves. */
export function issueDialog(onIssued) {
  // Made once for the form: sending it again after a broken connection issues nothing more.
  const key = crypto.randomUUID();
  formDialog('Issue a certificate', {
    action: 'Issue',
    fields: [
      field(
        'Names',
        h('textarea', {
          name: 'subjectAltNames',
          rows: 3,
          required: true,
          spellcheck: 'false',
          autocapitalize: 'none',
        }),
        'One a line, such as shop.example, *.shop.example, ip:10.0.0.7',
      ),
      field(
        'Label',
        h('input', { name: 'name', maxlength: 128, autocomplete: 'off' }),
        'What to call it here; may be left out',
      ),
      field('For', select('profile', PROFILES, 'server')),
      field('Lifetime', select('hours', LIFETIMES, '2160')),
      field('Key', select('keyAlgorithm', KEYS, 'ECDSA-P256')),
      check('Serve it, and renew it in time', 'active', true),
    ],
    async send(values) {
      const kept = values.get('active') === 'on';
      const certificate = await create(
        '/certificates',
        {
          subjectAltNames: String(values.get('subjectAltNames'))
            .split(/[\s,]+/)
            .filter(Boolean),
          ...(values.get('name') && { name: values.get('name') }),
          profile: values.get('profile'),
          validity: { hours: Number(values.get('hours')) },
          keyAlgorithm: values.get('keyAlgorithm'),
          ...(may('certificates.write') ? {} : { accountId: 'me' }),
          active: kept,
          autoRenew: kept,
        },
        key,
      );
      notify(`Issued ${certificateTitle(certificate)}`);
      onIssued();
    },
  });
}
