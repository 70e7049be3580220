/** A server that the agent has started, with an ordinary user and a database of his; a new one for each test of a file. */
import { afterAll, afterEach, beforeEach, expect } from '@jest/globals'
import { callAgent } from '../../root/support/agent'
import { removeTemplate, TestServer } from '../../root/support/server'

export interface Ground {
  /** The one of the test that runs. */
  readonly server: TestServer
  /** Calls the agent for it. */
  readonly call: (action: string, params?: Readonly<Record<string, string>>) => ReturnType<typeof callAgent>
}

/**
 * @param rights - what `mallory` may, as `create role` has it
 * @param prepare - what is done before the server is started
 */
export function serverWithMallory(rights = 'login', prepare?: (server: TestServer) => void): Ground {
  let server: TestServer | undefined
  const ground: Ground = {
    get server() {
      if (server === undefined) throw new Error('no test runs')
      return server
    },
    call: (action, params = {}) =>
      callAgent('pgsql', action, {
        params: { ...ground.server.params, ...params },
        env: { OCF_RESKEY_CRM_meta_on_node: 'node1' },
      }),
  }
  beforeEach(async () => {
    server = TestServer.create()
    prepare?.(server)
    expect((await ground.call('start')).code).toBe(0)
    server.sql(`create role mallory ${rights}`)
    server.sql('create database app owner mallory')
  })
  afterEach(() => {
    server?.destroy()
    server = undefined
  })
  afterAll(removeTemplate)
  return ground
}
