import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { dropOtherVariables, isTaken } from '../../lib/ocf/own-environment'
import {
  accountEnvironment,
  libraryPath,
  programDirectories,
  programEnvironment,
} from '../../lib/system/program-environment'

const before = process.env
beforeEach(() => {
  process.env = {}
})
afterEach(() => {
  process.env = before
})

test.each([
  ['OCF_RESKEY_pgdata', true],
  ['OCF_ROOT', true],
  ['HA_logfile', true],
  ['PCMK_service', true],
  ['CIB_file', true],
  ['PATH', true],
  ['TZ', true],
  ['PGOPTIONS', false],
  ['PGPASSWORD', false],
  ['NODE_PG_FORCE_NATIVE', false],
  ['NODE_OPTIONS', false],
  ['HOSTALIASES', false],
  ['LANG', false],
  ['LC_ALL', false],
  ['BASH_FUNC_cat%%', false],
  ['xOCF_ROOT', false],
])('an agent takes %s from its environment: %p', (name, taken) => {
  expect(isTaken(name)).toBe(taken)
  const env = { [name]: 'value' }
  dropOtherVariables(env)
  expect(Object.keys(env)).toEqual(taken ? [name] : [])
})

describe('PATH', () => {
  test.each([
    [undefined, []],
    ['', []],
    ['.:bin::/opt/pg/bin', ['/opt/pg/bin']],
    ['/usr/bin:/opt/a:/bin:/opt/a', ['/opt/a']],
  ])('%p: the usual directories come first, then what it adds with a whole path', (path, added) => {
    if (path !== undefined) process.env['PATH'] = path
    const usual = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']
    expect(programDirectories()).toEqual([...usual, ...added])
  })
})

describe('LD_LIBRARY_PATH', () => {
  const user = { name: 'postgres', uid: 5, gid: 5 }
  test.each([
    [undefined, '', undefined],
    ['', '', undefined],
    [':.:lib:', '', undefined],
    ['/a:/b', '/pg/lib', '/a:/b:/pg/lib'],
    ['', '/pg/lib', '/pg/lib'],
    [':/a::lib:.:/b:', 'pg/lib::/pg/lib:', '/a:/b:/pg/lib'],
  ])('%p and pglibs %p: only whole paths', (path, more, expected) => {
    if (path !== undefined) process.env['LD_LIBRARY_PATH'] = path
    expect(libraryPath(more)).toBe(expected)
    expect(programEnvironment()['LD_LIBRARY_PATH']).toBe(libraryPath())
    expect(accountEnvironment(user)['LD_LIBRARY_PATH']).toBe(libraryPath())
  })
})

const GIVEN = {
  OCF_RESKEY_monitor_password: 'secret',
  OCF_RESKEY_CRM_meta_timeout: '20000',
  OCF_RESKEY_crm_feature_set: '3.16.1',
  OCF_RESOURCE_INSTANCE: 'db',
  PCMK_service: 'pacemaker-execd',
  PGPASSWORD: 'secret',
  TZ: 'Asia/Shanghai',
  LANG: 'zh_CN.UTF-8',
}

test("a program of root's gets what the cluster manager says, and no parameter of the resource", () => {
  Object.assign(process.env, GIVEN)
  expect(programEnvironment({ MORE: 'x', TZ: undefined })).toEqual({
    OCF_RESKEY_CRM_meta_timeout: '20000',
    OCF_RESKEY_crm_feature_set: '3.16.1',
    OCF_RESOURCE_INSTANCE: 'db',
    PCMK_service: 'pacemaker-execd',
    TZ: undefined,
    LC_ALL: 'C',
    PATH: programDirectories().join(':'),
    MORE: 'x',
  })
})

test("a program of another account's gets nothing of the cluster's", () => {
  Object.assign(process.env, GIVEN)
  const user = { name: 'postgres', uid: 5, gid: 5, home: '/var/lib/postgresql' }
  expect(accountEnvironment(user, { PGDATA: '/data' })).toEqual({
    TZ: 'Asia/Shanghai',
    LC_ALL: 'C',
    PATH: programDirectories().join(':'),
    USER: 'postgres',
    LOGNAME: 'postgres',
    HOME: '/var/lib/postgresql',
    PGDATA: '/data',
  })
})
