/** The one place in which the driver's sessions are made: none starts without our settings (lint refuses another). */
import { type Client, type ClientConfig } from 'pg'
import { guardClient } from './guard-client'
import { type SessionNeeds, startupOptions } from './session-settings'

export type { Client, ClientConfig } from 'pg'

type SessionConfig = Omit<ClientConfig, 'options' | 'connectionString'>

export interface Driver {
  /**
   * A session that is yet to be connected.
   *
   * @param config - where to, and as whom; PGOPTIONS has no effect
   * @param needs - nothing for a connection pool that takes no settings: what is asked there must not need them, and
   * must not set them, for the pool gives its sessions to others
   */
  newSession(config: SessionConfig, needs: SessionNeeds | undefined): Client
}

/** Loads the driver, which takes a while: only what opens a session does. */
export async function loadDriver(): Promise<Driver> {
  const { Client } = await import('pg')
  return {
    newSession: (config, needs) =>
      guardClient(new Client({ ...config, ...(needs !== undefined && { options: startupOptions(needs) }) })),
  }
}
