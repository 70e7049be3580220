/** Signals that end this process, for what it runs in a session of its own: the terminal's Ctrl-C does not reach that. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

const receivers = new Set<() => void>()

/** Passes it on; then the signal does what it would have done to this process. */
function pass(signal: NodeJS.Signals): void {
  for (const receive of receivers) receive()
  if (process.listenerCount(signal) > 1) return
  process.removeListener(signal, pass)
  process.kill(process.pid, signal)
}

/**
 * @param receive - is called at each signal that is to end this process, before it does
 * @returns ends that
 */
export function passSignals(receive: () => void): () => void {
  if (receivers.size === 0) for (const signal of SIGNALS) process.on(signal, pass)
  receivers.add(receive)
  return () => {
    if (!receivers.delete(receive) || receivers.size > 0) return
    for (const signal of SIGNALS) process.removeListener(signal, pass)
  }
}
