import { h } from '../parts/dom.js';
import { field, onSend } from '../parts/form.js';
import { faultBox } from '../parts/problem.js';
import { logIn } from '../session.js';

/** Asked for once the password was right, where the account has a second factor. */
function codeField() {
  const code = h('input', {
    name: 'code',
    autocomplete: 'one-time-code',
    autocapitalize: 'none',
    spellcheck: 'false',
    required: true,
  });
  return field('Code', code, 'Of your authenticator app, or a recovery code');
}

/** The form to log in by. */
export function entrance(main, { error, onOpen }) {
  const login = h('input', {
    name: 'login',
    autocomplete: 'username',
    autocapitalize: 'none',
    spellcheck: 'false',
    required: true,
  });
  const password = h('input', { name: 'password', type: 'password', autocomplete: 'current-password', required: true });
  const button = h('button', { type: 'submit', class: 'primary' }, 'Log in');
  const fields = h('div', { class: 'fields' }, field('Login', login), field('Password', password), button);
  const form = h('form', { class: 'panel' }, fields);
  onSend(form, async (values) => {
    try {
      await logIn(values.get('login'), values.get('password'), values.get('code')?.trim());
    } catch (error) {
      if (error.code !== 'SECOND_FACTOR_REQUIRED' || values.has('code')) throw error;
      button.before(codeField());
      form.elements.code.focus();
      return;
    }
    await onOpen();
  });
  main.setAttribute('aria-busy', 'false');
  main.replaceChildren(
    h(
      'div',
      { class: 'entrance stack' },
      h('h1', { tabindex: -1 }, 'Log in'),
      error?.status >= 500 || error instanceof TypeError ? faultBox(error) : undefined,
      form,
      h('p', { class: 'soft small' }, 'The server prints a login and its password when it starts.'),
    ),
  );
  document.title = 'Log in · Chancery';
  login.focus();
}
