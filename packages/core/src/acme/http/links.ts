import type { AcmeResponse } from './exchange.ts';

/** The targets of an answer's links of one relation (RFC 8288 section 3). */
export function linksOf(response: AcmeResponse, relation: string): string[] {
  const header = response.header('link') ?? '';
  const links = [...header.matchAll(/<([^<>]*)>\s*((?:;\s*[^;,<>]*)*)/g)];
  return links
    .filter(([, , parameters = '']) => new RegExp(`;\\s*rel="?${relation}"?\\s*(;|$)`, 'i').test(parameters.trim()))
    .map(([, target = '']) => target)
    .filter((target) => URL.canParse(target, response.url))
    .map((target) => new URL(target, response.url).href);
}
