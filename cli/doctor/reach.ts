/** Whether a TCP port can be reached from this node: the internal command `doctor-reach`. */
import { connect } from 'node:net'
import { type Reached } from './facts'

const TIMEOUT_MS = 2000

function resultOf(code: string | undefined): Reached['result'] {
  return code === 'ECONNREFUSED' ? 'refused' : 'unreachable'
}

/** @param to - `192.168.2.1:5432` */
function reachOne(to: string): Promise<Reached> {
  const colon = to.lastIndexOf(':')
  return new Promise((resolve) => {
    const socket = connect({ host: to.slice(0, colon), port: Number(to.slice(colon + 1)) })
    const told = (result: Reached['result']): void => {
      socket.destroy()
      resolve({ to, result })
    }
    socket.setTimeout(TIMEOUT_MS, () => {
      told('no answer')
    })
    socket.once('connect', () => {
      told('open')
    })
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      told(code === 'ETIMEDOUT' ? 'no answer' : resultOf(code))
    })
  })
}

export function reach(ports: readonly string[]): Promise<readonly Reached[]> {
  return Promise.all(ports.map(reachOne))
}
