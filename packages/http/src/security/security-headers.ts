/** Sent with every answer: nothing of the API is a page, a script or a frame, and no copy is kept of what is somebody's. */
const ALWAYS = [
  'x-content-type-options',
  'nosniff',
  'content-security-policy',
  "default-src 'none'; frame-ancestors 'none'; sandbox",
  'referrer-policy',
  'no-referrer',
  'cross-origin-resource-policy',
  'same-origin',
];

const YEAR_S = 365 * 24 * 60 * 60;

/**
 * The headers that go with every answer.
 *
 * @param publicOrigin - where it is https, browsers are told to come by no other way for a year; but not for localhost, which
 *   other servers share
 */
export function securityHeaders(publicOrigin: string | undefined): readonly string[] {
  const isHttps =
    publicOrigin?.startsWith('https:') === true &&
    !/^https:\/\/(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/.test(publicOrigin);
  return isHttps ? [...ALWAYS, 'strict-transport-security', `max-age=${YEAR_S}`] : ALWAYS;
}
