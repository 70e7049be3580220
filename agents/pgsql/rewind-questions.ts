/** What is asked of the primary before pg_rewind. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Deadline, ExitCode, messageOf, OcfError } from '../../lib/ocf'
import { type MajorVersion } from '../../lib/postgres/instance'
import { type Upstream } from '../../lib/postgres/upstream'
import { type Context } from './agent'
import { type RejoinWork } from './rejoin-work'

/** What pg_rewind calls on the primary (PostgreSQL manual, "pg_rewind", "Notes"). */
const FUNCTIONS = [
  'pg_ls_dir(text, boolean, boolean)',
  'pg_stat_file(text, boolean)',
  'pg_read_binary_file(text)',
  'pg_read_binary_file(text, bigint, bigint, boolean)',
]
/** Before, only a superuser may. */
const GRANTABLE = 11

const POLL_MS = 1000

const fail = (reason: string, detail?: string): OcfError =>
  new OcfError(ExitCode.ERR_GENERIC, reason, detail === undefined ? {} : { detail })

/** Asks the primary a question, and gives its rows as psql prints them. */
export type Ask = (question: string) => Promise<string>

/** What repuser must be able to do on the primary. */
export async function checkRights(
  ask: Ask,
  { values }: Pick<Context, 'values'>,
  version: MajorVersion,
  database: string,
): Promise<void> {
  const may =
    version < GRANTABLE
      ? "pg_catalog.current_setting('is_superuser')::boolean"
      : FUNCTIONS.map((name) => `pg_catalog.has_function_privilege('pg_catalog.${name}', 'execute')`).join(
          ' and ',
        )
  let answer: string
  try {
    answer = await ask(`select ${may}, pg_catalog.current_setting('full_page_writes')`)
  } catch (error) {
    throw fail(
      `repuser: ${values.repuser} gets into no database of the primary, as pg_rewind must: see pg_hba.conf there`,
      `database ${database} (dbname in primary_conninfo_opt names another): ${messageOf(error)}`,
    )
  }
  const [allowed, fullPageWrites] = answer.split('|')
  if (allowed !== 't') {
    throw fail(
      `repuser: ${values.repuser} may not read files of the primary, as pg_rewind must: see rejoin in the README`,
      version < GRANTABLE
        ? 'before PostgreSQL 11 only a superuser may'
        : `in database ${database}: ${FUNCTIONS.map((name) => `grant execute on function pg_catalog.${name} to "${values.repuser}"`).join('; ')}`,
    )
  }
  if (fullPageWrites !== 'on')
    throw fail('pg_rewind needs full_page_writes=on, on the primary: take a base backup')
}

/**
 * Until its first checkpoint a primary that has just been promoted has the old timeline in its control file, and up to
 * version 15 pg_rewind would find nothing to do.
 */
export async function awaitCheckpoint(
  ask: Ask,
  { timeline }: Upstream,
  { context, report }: Pick<RejoinWork, 'context' | 'report'>,
  deadline: Deadline,
): Promise<void> {
  const noted = async (): Promise<boolean> =>
    Number(await ask('select timeline_id from pg_catalog.pg_control_checkpoint()')) >= timeline
  if (await noted()) return
  report('waits for a checkpoint')
  try {
    await ask('checkpoint')
  } catch (error) {
    context.log.info(`the primary's next checkpoint is waited for: ${messageOf(error)}`)
  }
  while (!(await noted())) {
    if (deadline.passed)
      throw fail('the primary has written no checkpoint since its promotion: run CHECKPOINT there')
    await sleep(POLL_MS)
  }
}
