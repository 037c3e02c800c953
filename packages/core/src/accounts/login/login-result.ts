import type { LoginResult } from '../sessions/login-result.ts';
import type { DeviceGrant } from './login.ts';

/** What a login by password gives: the tokens of a session, and the token of the device. */
export interface PasswordLoginResult extends LoginResult, DeviceGrant {}
