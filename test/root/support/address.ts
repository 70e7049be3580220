/** What the tests of the address agent have in common: its executable, and for each test a cable and a state directory. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals'
import { agent } from '../../../agents/IPaddr2/agent'
import { bundleInto } from './bundle'
import { Link } from './link'

export const IP = '10.9.0.5'
export const IP6 = 'fd00:9::5'
/** Addresses of the interface's own in the networks of both. */
export const OWN = ['10.9.0.1/24', 'fd00:9::1/64']
/** The hardware address of a node that is no more. */
export const GONE = '02:00:00:00:00:99'
/** Makes a monitor a recurring one. */
export const RECURRING = { OCF_RESKEY_CRM_meta_interval: '10000' }

export type Texts = Readonly<Record<string, string>>

/** Removed after the tests. */
export let directory: string
export let executable: string
/** Where the agent keeps its state: another directory in each test. */
export let state: string
/** Another one in each test. */
export let link: Link

/** Sets the variables above, before and after the tests of the file that calls it. */
export function prepareAddressAgent(): void {
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'ocf-ts-address-'))
    executable = await bundleInto(directory, agent)
  })
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true })
  })
  beforeEach(() => {
    state = mkdtempSync(join(directory, 'state-'))
    link = Link.create()
  })
  afterEach(() => {
    link.remove()
  })
}
