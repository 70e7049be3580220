/** What the tool takes from the environment that it was started in. */

/** As libpq reads them: for the drill alone, which connects as an application does. */
let forClients: Readonly<Record<string, string | undefined>> = {}

/**
 * Removes what libraries look for there. Sessions of the tool's own are to depend on the cluster's configuration, and not
 * on `PGOPTIONS`; NODE_OPTIONS is for this process, and not for others that it starts.
 */
export function dropLibraryVariables(env: NodeJS.ProcessEnv = process.env): void {
  const taken = Object.keys(env).filter((name) => /^(?:PG|NODE_)/.test(name))
  forClients = Object.fromEntries(taken.map((name) => [name, env[name]]))
  for (const name of taken) Reflect.deleteProperty(env, name)
}

/** The environment of the client that the drill stands for. */
export function clientVariables(): Readonly<Record<string, string | undefined>> {
  return { ...process.env, ...forClients }
}
