/** Two real servers of the same database, without a cluster: a primary that runs, and one to be its standby. */
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals'
import { PlainServer, type Programs } from '../../security/support/plain-server'

export interface ServerPair {
  readonly programs: Programs
  readonly primary: PlainServer
  /** A test that makes another one in its place puts that here, to be removed with the rest. */
  standby: PlainServer
}

/**
 * New ones for each test of the file, or of the describe block, that calls this.
 *
 * @param use - takes them before each test
 */
export function prepareServerPair(install: () => Programs, use: (pair: ServerPair) => void): void {
  let programs: Programs
  let original: PlainServer
  let pair: ServerPair

  beforeAll(() => {
    programs = install()
    original = PlainServer.create(programs)
    original.start()
    original.stop()
  })
  beforeEach(() => {
    const primary = PlainServer.create(programs, original)
    const standby = PlainServer.create(programs, original)
    pair = { programs, primary, standby }
    primary.start()
    standby.configure("wal_retrieve_retry_interval = '100ms'")
    use(pair)
  })
  afterEach(() => {
    pair.standby.destroy()
    pair.primary.destroy()
  })
  afterAll(() => {
    original.destroy()
    programs.remove()
  })
}
