import { sqlStateOf } from './sql-error.ts';

/** SQLSTATEs by which PostgreSQL says that another session created the same thing at the same time. */
const RACES = ['23505', '42P07', '42710', '42723', 'XX000', '40001', '40P01'];
const MAX_ATTEMPTS = 30;

/** Runs what creates things. Whoever loses a race finds the other's work at the next turn. */
export async function creating<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (attempts >= MAX_ATTEMPTS || !RACES.includes(sqlStateOf(error) ?? '')) throw error;
    }
  }
}
