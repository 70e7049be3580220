import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { createLog } from '../../lib/ocf/log'
import { outputOf } from './support/output'

const directory = mkdtempSync(join(tmpdir(), 'ocf-log-'))
afterAll(() => {
  rmSync(directory, { recursive: true })
})

let files = 0
const freshFile = (): string => join(directory, `${(files += 1)}.log`)

/** Standard error after one line of each level. */
async function linesWith(env: Record<string, string>, terminal = false): Promise<string> {
  const { stderr } = await outputOf(() => {
    const log = createLog({ agent: 'ping', resource: 'p1', env, terminal })
    log.error('bad\n  very')
    log.warning('odd')
    log.info('fine')
    log.debug('tiny')
  })
  return stderr
}

describe('without a log file', () => {
  test('every line goes to standard error, one line each', async () => {
    expect(await linesWith({})).toBe('ERROR: bad; very\nWARNING: odd\nINFO: fine\n')
  })

  test('debug lines are there when they are asked for', async () => {
    expect(await linesWith({ HA_debug: '1' })).toContain('DEBUG: tiny\n')
    expect(await linesWith({ HA_debug: '0' })).not.toContain('tiny')
  })

  test('HA_LOGFILE is not taken for one: the executor writes standard error into it by itself', async () => {
    expect(await linesWith({ HA_LOGFILE: freshFile() })).toBe('ERROR: bad; very\nWARNING: odd\nINFO: fine\n')
  })
})

describe('with HA_logfile', () => {
  test('what goes on in the background under pacemaker writes errors there, too: it has no standard error', async () => {
    const file = freshFile()
    const env = { HA_logfile: file, OCF_RESKEY_crm_feature_set: '3.16.1' }
    await linesWith(env)
    expect(readFileSync(file, 'utf8')).not.toContain('ERROR')
    await linesWith({ ...env, OCF_TS_BEHIND: '1' })
    expect(readFileSync(file, 'utf8')).toContain('ERROR: bad; very\n')
  })

  const line = (rest: string): unknown =>
    expect.stringMatching(
      new RegExp(`^ping\\(p1\\)\\[${process.pid}\\]:\\t\\d{4}/\\d\\d/\\d\\d_\\d\\d:\\d\\d:\\d\\d ${rest}$`),
    )

  test('heartbeat: lines go into the file, an error to standard error too', async () => {
    const file = freshFile()
    expect(await linesWith({ HA_logfile: file })).toBe('ERROR: bad; very\n')
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toEqual([
      line('ERROR: bad; very'),
      line('WARNING: odd'),
      line('INFO: fine'),
    ])
  })

  test('pacemaker: an error is not written twice, because its executor logs standard error', async () => {
    const file = freshFile()
    const env = { HA_logfile: file, OCF_RESKEY_crm_feature_set: '3.16.1' }
    expect(await linesWith(env)).toBe('ERROR: bad; very\n')
    expect(readFileSync(file, 'utf8').trimEnd().split('\n')).toEqual([
      line('WARNING: odd'),
      line('INFO: fine'),
    ])
  })

  test('a file that cannot be written costs no line', async () => {
    const stderr = await linesWith({ HA_logfile: join(directory, 'no/such/dir/file') })
    expect(stderr).toBe('ERROR: bad; very\nWARNING: odd\nINFO: fine\n')
  })
})

describe('the exit reason', () => {
  const reason = async (env: Record<string, string>, terminal: boolean): Promise<string> =>
    (
      await outputOf(() => {
        createLog({ agent: 'ping', resource: 'p1', env, terminal }).exitReason('no\nhost')
      })
    ).stderr

  test('is one line with its prefix', async () => {
    expect(await reason({}, false)).toBe('ocf-exit-reason:no; host\n')
    expect(await reason({ OCF_EXIT_REASON_PREFIX: '!' }, false)).toBe('!no; host\n')
  })

  test('is not told twice to a person, who has read it as the error', async () => {
    expect(await reason({}, true)).toBe('')
  })
})

test('a person reads plain words', async () => {
  expect(await linesWith({}, true)).toBe('error: bad; very\nwarning: odd\ninfo: fine\n')
})
