/** Where Debian's own agents are, and what their provider is called. */
const PROVIDERS: Readonly<Record<string, string>> = {
  pgsql: 'heartbeat',
  IPaddr2: 'heartbeat',
  // The one that the document uses is part of pacemaker.
  ping: 'pacemaker',
}

export interface ShellAgent {
  readonly provider: string
  readonly path: string
}

/** Debian's agent of this name. */
export function shellAgent(name: string): ShellAgent {
  const provider = PROVIDERS[name] ?? 'heartbeat'
  return { provider, path: `/usr/lib/ocf/resource.d/${provider}/${name}` }
}
