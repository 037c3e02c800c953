import { h } from '../parts/dom.js';
import { field, onSend } from '../parts/form.js';
import { faultBox } from '../parts/problem.js';
import { logIn } from '../session.js';

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
  const form = h(
    'form',
    { class: 'panel' },
    h(
      'div',
      { class: 'fields' },
      field('Login', login),
      field('Password', password),
      h('button', { type: 'submit', class: 'primary' }, 'Log in'),
    ),
  );
  onSend(form, async (values) => {
    await logIn(values.get('login'), values.get('password'));
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
