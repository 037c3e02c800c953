import { h } from './dom.js';

/** Shows what went wrong: the server's words, its code, and the request's id for whoever looks into the logs. */
export function faultBox(problem, retry) {
  const { text, code, requestId, list } = describe(problem);
  const facts = [code, requestId && `request ${requestId}`].filter(Boolean).join(', ');
  return h(
    'div',
    { class: 'fault-box', role: 'alert' },
    h('p', {}, text),
    list.length > 0 &&
      h(
        'ul',
        {},
        list.map((line) => h('li', {}, line)),
      ),
    facts !== '' && h('p', { class: 'code' }, facts),
    retry && h('p', {}, h('button', { type: 'button', class: 'plain', onclick: retry }, 'Try again')),
  );
}

function describe(problem) {
  if (problem instanceof TypeError) return { text: 'The server cannot be reached. Is it still running?', list: [] };
  if (problem.status === undefined) return { text: problem.message, code: problem.code, list: [] };
  const { issues = [], violations = [], code, requestId } = problem.body;
  // What is refused says why for each name: the summary would only repeat it.
  const text = violations.length > 0 ? 'It was refused:' : problem.message;
  const list = [...issues.map(issueLine), ...violations.map(({ message, value }) => `${value}: ${message}`)];
  return { text, code, requestId, list };
}

const issueLine = ({ path, message }) => (path?.length ? `${[path].flat().join('.')}: ${message}` : message);
