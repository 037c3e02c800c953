import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize, relative, resolve } from 'node:path';

/** `https:`, `mailto:` and the like: what lies outside is not looked at. */
const ELSEWHERE = /^[a-z][a-z0-9+.-]*:/i;

/**
 * Finds links that lead nowhere: to a file that is not there, to a heading that its page lacks, or out of the checkout.
 *
 * @param {string} root The folder that links must stay in.
 * @param {readonly string[]} pages Markdown files, by path below the root.
 * @returns {{ links: number, broken: string[] }} How many were followed; each broken one with page, line and reason.
 */
export function followLinks(root, pages) {
  const anchors = new Map();
  const anchorsOf = (file) => {
    const known = anchors.get(file) ?? anchorsIn(readFileSync(file, 'utf8'));
    anchors.set(file, known);
    return known;
  };
  const followed = pages.flatMap((page) => {
    const from = join(root, page);
    return linksIn(readFileSync(from, 'utf8')).map(({ target, line }) => {
      const reason = fault(root, from, target, anchorsOf);
      return reason === undefined ? undefined : `${page.replaceAll('\\', '/')}:${line}: ${target}: ${reason}`;
    });
  });
  return { links: followed.length, broken: followed.filter((line) => line !== undefined) };
}

function fault(root, from, target, anchorsOf) {
  const [path, fragment] = decoded(target);
  if (path === undefined) return 'is not percent-encoded as it should be';
  if (isAbsolute(path)) return 'must be relative: a code host serves it from elsewhere';
  const file = path === '' ? from : resolve(dirname(from), path);
  if (isAbsolute(relative(root, file)) || normalize(relative(root, file)).startsWith('..'))
    return 'leaves the checkout';
  if (!existsSync(file)) return 'there is no such file';
  if (fragment === undefined) return undefined;
  if (statSync(file).isDirectory() || !file.endsWith('.md')) return 'only pages in Markdown have anchors';
  return anchorsOf(file).has(fragment) ? undefined : 'the page has no such heading';
}

/** Path and fragment, as the file system and the headings have them. */
function decoded(target) {
  const at = target.indexOf('#');
  try {
    const path = decodeURIComponent(at < 0 ? target : target.slice(0, at));
    return at < 0 ? [path] : [path, decodeURIComponent(target.slice(at + 1))];
  } catch {
    return [];
  }
}

/** Every link into the checkout: inline, by reference, and in the HTML that Markdown lets through. */
function linksIn(text) {
  return withoutCode(text).flatMap((content, index) => {
    const inline = [
      ...content.matchAll(/\]\(\s*(?:<([^>]*)>|([^\s()]*(?:\([^\s()]*\)[^\s()]*)*))(?:\s+["'(][^)]*)?\s*\)/g),
    ];
    const reference = [...content.matchAll(/^ {0,3}\[[^\]]+\]:\s*(?:<([^>]*)>|(\S+))/g)];
    const html = [...content.matchAll(/\s(?:href|src|srcset)=(?:"([^"]*)"|'([^']*)')/gi)];
    return [...inline, ...reference, ...html]
      .map(([, bracketed, bare]) => ({ target: bracketed ?? bare, line: index + 1 }))
      .filter(({ target }) => !ELSEWHERE.test(target));
  });
}

/** The lines of a page; those of code blocks are empty, and code within a line is cut out. */
function withoutCode(text) {
  let fence;
  return lines(text).map((line) => {
    const [, marks] = /^ {0,3}(`{3,}|~{3,})/.exec(line) ?? [];
    if (fence !== undefined) {
      if (marks?.startsWith(fence) && line.trim() === marks) fence = undefined;
      return '';
    }
    if (marks !== undefined) fence = marks;
    return marks === undefined ? line.replace(/(`+)(?!`).*?(?<!`)\1(?!`)/g, '') : '';
  });
}

/** The anchors of a page: those that code hosts give its headings, and those that it sets itself. */
function anchorsIn(text) {
  const prose = withoutCode(text);
  const anchors = new Set(prose.flatMap((line) => [...line.matchAll(/\s(?:id|name)="([^"]+)"/g)].map(([, id]) => id)));
  const counts = new Map();
  for (const [index, line] of lines(text).entries()) {
    const [, heading] = prose[index] === '' ? [] : (/^ {0,3}#{1,6}\s+(.*?)(?:\s+#+)?\s*$/.exec(line) ?? []);
    if (heading === undefined) continue;
    const slug = slugOf(heading);
    const earlier = counts.get(slug) ?? 0;
    counts.set(slug, earlier + 1);
    anchors.add(earlier === 0 ? slug : `${slug}-${earlier}`);
  }
  return anchors;
}

/** As GitHub, GitLab and Gitea make it: lower case, without punctuation, a hyphen for each blank. */
function slugOf(heading) {
  const shown = heading.replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/<[^>]*>/g, '');
  return shown
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

function lines(text) {
  return text.split(/\r?\n/);
}
