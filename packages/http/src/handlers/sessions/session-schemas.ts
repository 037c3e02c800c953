import { z } from 'zod';
import { named } from '../../openapi/named-schema.ts';
import { plainText } from '../../routing/parameters.ts';
import { instant } from '../accounts/account-schemas.ts';
import { passkeyAssertion } from '../accounts/passkey-schemas.ts';

const token = z.string().min(1).max(16_384);
const opening = {
  deviceToken: z.string().max(1_024).optional().describe('What an earlier login of this device gave.'),
  clientId: plainText(256).optional(),
  cookie: z
    .boolean()
    .optional()
    .describe(
      'For pages of this origin: the refresh token goes into a cookie, and the access token is worth nothing without one.',
    ),
  bindCertificate: z
    .enum(['generation', 'managed'])
    .optional()
    .describe(
      'Binds the session to the client certificate of the connection, or to the managed certificate that it is a generation of.',
    ),
};

/** A login by password. */
export const loginBody = named(
  'Login',
  z.strictObject({
    login: z.string().max(1_024),
    password: z.string().max(4_096),
    secondFactor: z
      .union([
        z.strictObject({ totp: z.string().max(64) }),
        z.strictObject({ recoveryCode: z.string().max(64) }),
        z.strictObject({ passkey: passkeyAssertion }),
      ])
      .optional(),
    ...opening,
  }),
);

/** A login by a passkey alone. */
export const passkeyLoginBody = named('PasskeyLogin', z.strictObject({ passkey: passkeyAssertion, ...opening }));

/** A refresh token, or none where it is in a cookie. */
export const refreshBody = named(
  'Refresh',
  z.strictObject({ refreshToken: token.optional().describe('Left out, the cookies of the session are taken.') }),
);

/** What a login and a refresh give. */
export const tokensSchema = named(
  'Tokens',
  z.strictObject({
    accessToken: z.string(),
    tokenType: z.enum(['Bearer', 'DPoP']),
    expiresAt: instant,
    refreshExpiresAt: instant,
    sessionId: z.uuid(),
    accountId: z.uuid(),
    refreshToken: z.string().optional().describe('Absent where it is in a cookie.'),
    deviceToken: z
      .string()
      .optional()
      .describe('Of a login: keep it in the client, and give it back with the next one.'),
  }),
);

/** Who asks. */
export const principalSchema = named(
  'Principal',
  z.strictObject({
    accountId: z.uuid(),
    sessionId: z.uuid(),
    roles: z.array(z.string()),
    permissions: z.array(z.string()),
    issuedAt: instant,
    expiresAt: instant,
    clientId: z.string().optional(),
    boundTo: z.array(z.string()),
  }),
);
