/** The program of a helper process (account-helper.ts), which runs as the account that it works for. */
import type * as fsModule from 'node:fs'
import type * as netModule from 'node:net'

/** The descriptor on which it is told what to do, and answers. It is a socket, and no pipe. */
const CONTROL = 0

/** The first of the descriptors by which it relays connections; they are sockets. */
export const RELAYS = 3

/**
 * A request and an answer have a head, of two numbers of four bytes: the lengths of a JSON text and of the bytes that
 * follow it.
 */
export const HEAD_BYTES = 8

/** A request or an answer. It is also part of the helper's text, and so uses nothing but what it is given. */
export function frame(json: unknown, bytes: Uint8Array = Buffer.alloc(0)): Buffer {
  const text = Buffer.from(JSON.stringify(json))
  const head = Buffer.alloc(8)
  head.writeUInt32LE(text.length, 0)
  head.writeUInt32LE(bytes.length, 4)
  return Buffer.concat([head, text, bytes])
}

type Constants = Readonly<Record<'CONTROL' | 'HEAD_BYTES', number>>
type Load = (module: string) => unknown
type Arguments = readonly [never, never, never]

/**
 * What the helper does. It is run from its text: it may use nothing but what it is given.
 *
 * It does one call after the other, as it is told, with what the kernel lets the account do, and ends when nobody is there
 * any more to tell it. Until it is to connect something, it waits for nothing else.
 */
function work(load: Load, constants: Constants, answerOf: typeof frame): void {
  const fs = load('node:fs') as typeof fsModule
  const { CONTROL, HEAD_BYTES } = constants

  const stats = (found: fsModule.Stats): readonly number[] => {
    const { dev, ino, mode, uid, gid, rdev, size, mtimeMs } = found
    return [dev, ino, mode, uid, gid, rdev, size, mtimeMs]
  }
  const writeAll = (fd: number, bytes: Buffer): void => {
    for (let at = 0; at < bytes.length;) at += fs.writeSync(fd, bytes, at)
  }
  let answer = (bytes: Buffer): void => {
    writeAll(CONTROL, bytes)
  }

  /** Connections that are relayed. */
  let open = 0
  let control: netModule.Socket | undefined
  const endWhenUnused = (): void => {
    if (open === 0 && (control?.destroyed ?? false)) process.exit(0)
  }
  const relay = (fd: number, path: string): void => {
    const net = load('node:net') as typeof netModule
    if (control === undefined) {
      control = new net.Socket({ fd: CONTROL })
      answer = (bytes) => {
        control?.write(bytes)
      }
      control.on('data', take).on('error', () => undefined)
      control.on('end', () => control?.destroy()).on('close', endWhenUnused)
    }
    const outer = net.connect(path)
    outer.once('error', (error: NodeJS.ErrnoException) => {
      answer(answerOf({ errno: error.errno }))
    })
    outer.once('connect', () => {
      const inner = new net.Socket({ fd })
      open += 1
      for (const [socket, other] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        socket.removeAllListeners('error').on('error', () => undefined)
        socket.on('close', () => other.destroy())
        socket.pipe(other)
      }
      inner.on('close', () => {
        open -= 1
        endWhenUnused()
      })
      answer(answerOf({ value: null }))
    })
  }

  const calls: Readonly<Record<string, (args: Arguments, bytes: Buffer) => unknown>> = {
    open: ([path, flags, mode]) => fs.openSync(path, flags, mode),
    close: ([fd]) => {
      fs.closeSync(fd)
    },
    fstat: ([fd]) => stats(fs.fstatSync(fd)),
    lstat: ([path]) => stats(fs.lstatSync(path)),
    stat: ([path]) => stats(fs.statSync(path)),
    statfs: ([path]) => {
      const { bsize, blocks, bavail, files, ffree } = fs.statfsSync(path)
      return [bsize, blocks, bavail, files, ffree]
    },
    read: ([fd, length, position]) => {
      const buffer = Buffer.alloc(length)
      return buffer.subarray(0, fs.readSync(fd, buffer, 0, length, position))
    },
    write: ([fd], bytes) => {
      writeAll(fd, bytes)
    },
    fsync: ([fd]) => {
      fs.fsyncSync(fd)
    },
    fchmod: ([fd, mode]) => {
      fs.fchmodSync(fd, mode)
    },
    fchown: ([fd, uid, gid]) => {
      fs.fchownSync(fd, uid, gid)
    },
    chmod: ([path, mode]) => {
      fs.chmodSync(path, mode)
    },
    mkdir: ([path, mode]) => {
      fs.mkdirSync(path, { mode })
    },
    rmdir: ([path]) => {
      fs.rmdirSync(path)
    },
    unlink: ([path]) => {
      fs.unlinkSync(path)
    },
    rename: ([from, to]) => {
      fs.renameSync(from, to)
    },
    symlink: ([target, path]) => {
      fs.symlinkSync(target, path)
    },
    readlink: ([path]) => fs.readlinkSync(path),
    realpath: ([path]) => fs.realpathSync(path),
    readdir: ([path]) => fs.readdirSync(path),
    access: ([path, mode]) => {
      fs.accessSync(path, mode)
    },
    removeAll: ([path]) => {
      fs.rmSync(path, { recursive: true, force: true })
    },
  }

  const serve = (text: string, bytes: Buffer): void => {
    const [name, ...args] = JSON.parse(text) as [string, ...Arguments]
    if (name === 'connect') {
      relay(args[0], args[1])
      return
    }
    let reply: Buffer
    try {
      const value = calls[name]?.(args, bytes) ?? null
      reply = Buffer.isBuffer(value) ? answerOf({ value: null }, value) : answerOf({ value })
    } catch (error) {
      // EINVAL for what is no error of the system.
      reply = answerOf({ errno: (error as NodeJS.ErrnoException).errno ?? -22 })
    }
    answer(reply)
  }

  let pending: Buffer = Buffer.alloc(0)
  const take = (chunk: Buffer): void => {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= HEAD_BYTES) {
      const textEnd = HEAD_BYTES + pending.readUInt32LE(0)
      const end = textEnd + pending.readUInt32LE(4)
      if (pending.length < end) return
      const [text, bytes] = [pending.toString('utf8', HEAD_BYTES, textEnd), pending.subarray(textEnd, end)]
      pending = pending.subarray(end)
      serve(text, bytes)
    }
  }
  const chunk = Buffer.alloc(65_536)
  while (control === undefined) {
    const length = fs.readSync(CONTROL, chunk)
    if (length === 0) process.exit(0)
    take(Buffer.from(chunk.subarray(0, length)))
  }
}

/** For `node -e`. What builds TypeScript for a script of the repository names functions with `__name`. */
export function programText(): string {
  const constants: Constants = { CONTROL, HEAD_BYTES }
  return `const __name=(f)=>f;(${work.toString()})(require,${JSON.stringify(constants)},${frame.toString()})`
}
