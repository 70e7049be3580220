/**
 * A process that runs as an account and does for this one what it is told: calls on files, and connections, which it
 * relays. Its program is given as text, to Python or to this same Node, so that nothing on a disk that another account can
 * change decides what it does. It ends with this process, however that ends.
 *
 * The account may stop it, end it, and, where the kernel lets it trace its own processes, make it say anything. So its
 * answers are the account's word: they are checked for their form, and bounded in size and time; what it says counts for
 * the account's own files alone.
 */
import { type ChildProcess } from 'node:child_process'
import { closeSync, constants, fstatSync, openSync, readSync, statfsSync, writeSync } from 'node:fs'
import { type Socket } from 'node:net'
import { type Duplex } from 'node:stream'
import { type Deadline } from '../ocf'
import { frame, HEAD_BYTES, programText, RELAYS } from './account-helper-program'
import {
  type Answer,
  type Call,
  callError,
  readAnswer,
  readDescriptor,
  readNames,
  readNothing,
  readStats,
  readSystemStats,
  readText,
  WrongAnswer,
} from './account-helper-answers'
import { descriptor, type Files, HOLD, NULL_DEVICE, O_PATH, type Opened, ownFile } from './files'
import { PYTHON_TEXT } from './account-helper-python'
import { findProgram } from './find-program'
import { SYSTEM_DIRECTORIES } from './program-environment'
import { UnusableFileError } from './regular-file'
import { type Argv } from './run-as'
import { startServant } from './run-program'
import { type User } from './users'

/** Without a deadline, it is given up when a call takes as long. A disk that is overloaded takes its time, too. */
const LIMIT_MS = 60_000
/** When the time of an action is up, something is still to be cleaned up. */
const LEAST_MS = 1000
/** Connections that one can relay. */
const RELAY_COUNT = 4
/** No directory that is read has more names than go into that, in bytes. */
const MOST_JSON = 4 * 2 ** 20
/** Of what a helper says on standard error. */
const MOST_COMPLAINT = 1000

/** This process looks for an answer after so many milliseconds, and then after twice as long each time. */
const FIRST_LOOK_MS = 0.05
const LAST_LOOK_MS = 2

const living = new Set<AccountHelper>()

function endAll(): void {
  for (const helper of living) helper.end()
}

const clock = (): number => Number(process.hrtime.bigint()) / 1e6

export interface HelperOptions {
  /** Of what this process does: then it is given up. Default: none. */
  readonly deadline?: () => Deadline | undefined
  /** How long a call may take, in milliseconds. Default: LIMIT_MS. */
  readonly limitMs?: number
  /** What runs it. Default: python3 where root has one, or this Node, which takes longer to start. */
  readonly language?: 'python' | 'node'
  /** For tests: another program, for Node. */
  readonly program?: string
}

/** The command that starts a helper. */
function helperArgv({ language, program }: HelperOptions): Argv {
  const python =
    language === 'node' || program !== undefined ? undefined : findProgram('python3', SYSTEM_DIRECTORIES)
  return python === undefined
    ? [process.execPath, '--v8-pool-size=0', '-e', program ?? programText()]
    : [python, '-I', '-S', '-X', 'utf8', '-c', PYTHON_TEXT]
}

/** The number of the socket's descriptor: what Node knows of it has no other name. */
function socketDescriptor(socket: unknown): number {
  const { _handle: handle } = socket as { readonly _handle?: { readonly fd?: unknown } }
  if (typeof handle?.fd === 'number' && handle.fd > 2) return handle.fd
  throw new Error('this Node does not tell the descriptor of a socket: use Node 18 to 24')
}

interface HelperCall extends Call {
  readonly args: readonly unknown[]
  /** It may answer with as many bytes. */
  readonly most?: number
}

/** The type of a tmpfs (statfs(2)), which has no blocks where it has no limit. */
const TMPFS_MAGIC = 0x01021994

/** Whether a file is one that the kernel makes up: its file system has no blocks. */
function isOfKernel(path: string): boolean {
  const { blocks, type } = statfsSync(path)
  return blocks === 0 && type !== TMPFS_MAGIC
}

/** @throws WrongAnswer */
type Reader<T> = (value: unknown, bytes: Buffer) => T

export class AccountHelper {
  readonly files: Files
  readonly #user: User
  readonly #child: ChildProcess
  readonly #control: number
  readonly #limitMs: number
  readonly #deadline: () => Deadline | undefined
  readonly #pause = new Int32Array(new SharedArrayBuffer(4))
  #relays = 0
  #ended = false

  /** @throws Error where no process can be started */
  constructor(user: User, options: HelperOptions = {}) {
    const { deadline = () => undefined, limitMs = LIMIT_MS } = options
    this.#deadline = deadline
    this.#user = user
    this.#limitMs = limitMs
    this.#child = startServant(helperArgv(options), user, RELAY_COUNT)
    this.#control = socketDescriptor(this.#child.stdin)
    this.files = this.#makeFiles()
    if (living.size === 0) process.once('exit', endAll)
    living.add(this)
    this.#child.once('exit', () => {
      this.#forget()
    })
  }

  /** It takes no more calls. */
  get ended(): boolean {
    return this.#ended
  }

  /** The process; nothing where it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** It can relay another connection. */
  get hasRelay(): boolean {
    return !this.#ended && this.#relays < RELAY_COUNT
  }

  /** Ends it, with the connections that it relays. */
  end(): void {
    this.#forget()
    this.#child.kill('SIGKILL')
  }

  /** It takes no more calls, and ends with the last of the connections that it relays. */
  retire(): void {
    this.#ended = true
    this.#child.stdin?.destroy()
  }

  #forget(): void {
    this.#ended = true
    living.delete(this)
    if (living.size === 0) process.removeListener('exit', endAll)
  }

  /**
   * A stream that is yet to be connected, as `net.Socket` has it: `connect(path)` connects it to a unix socket.
   *
   * @throws Error where it cannot relay another one (`hasRelay`)
   */
  relay(): Duplex {
    const fd = RELAYS + this.#relays
    const socket = this.#child.stdio[fd] as Socket | undefined
    if (!this.hasRelay || socket === undefined) throw new Error('the helper cannot relay another connection')
    this.#relays += 1
    const connect = (path: string): Socket => {
      let failure: Error | undefined
      try {
        this.#call({ name: 'connect', path, args: [fd, path] }, readNothing)
        socket.ref()
      } catch (error) {
        failure = error as Error
      }
      // Whoever connects begins to listen afterwards.
      process.nextTick(() => {
        if (failure === undefined) socket.emit('connect')
        else socket.destroy(failure)
      })
      return socket
    }
    return Object.assign(socket, { connect })
  }

  #makeFiles(): Files {
    const at = <T>(name: string, read: Reader<T>, path: string, ...args: readonly unknown[]): T =>
      this.#call({ name, path, args: [path, ...args] }, read)
    const of = <T>(name: string, read: Reader<T>, file: Opened, ...args: readonly unknown[]): T =>
      this.#call({ name, args: [descriptor(file), ...args] }, read)
    const open: Files['open'] = (path, flags, mode = 0o666) =>
      ownFile(at('open', readDescriptor, path, flags, mode))
    const close: Files['close'] = (file) => {
      // What has ended holds nothing open.
      if (!this.#ended) of('close', readNothing, file)
    }
    return {
      open,
      close,
      openBelow: ({ path }, rest) => open(rest === '' ? path : `${path}/${rest}`, HOLD),
      take: (file, flags, shown) => {
        try {
          return this.#take(file, flags, shown)
        } finally {
          close(file)
        }
      },
      fstat: (file) => of('fstat', readStats, file),
      lstat: (path) => at('lstat', readStats, path),
      stat: (path) => at('stat', readStats, path),
      statfs: (path) => at('statfs', readSystemStats, path),
      read: (file, buffer, offset, length, position) => {
        const call = { name: 'read', args: [descriptor(file), length, position], most: length }
        return this.#call(call, (_, bytes) => bytes.copy(buffer, offset))
      },
      write: (file, data) => {
        const bytes = typeof data === 'string' ? Buffer.from(data) : data
        this.#call({ name: 'write', args: [descriptor(file)] }, readNothing, bytes)
      },
      fsync: (file) => {
        of('fsync', readNothing, file)
      },
      fchmod: (file, mode) => {
        of('fchmod', readNothing, file, mode)
      },
      fchown: (file, uid, gid) => {
        of('fchown', readNothing, file, uid, gid)
      },
      chmod: (path, mode) => {
        at('chmod', readNothing, path, mode)
      },
      mkdir: (path, mode) => {
        at('mkdir', readNothing, path, mode)
      },
      rmdir: (path) => {
        at('rmdir', readNothing, path)
      },
      unlink: (path) => {
        at('unlink', readNothing, path)
      },
      rename: (from, to) => {
        this.#call({ name: 'rename', path: from, dest: to, args: [from, to] }, readNothing)
      },
      symlink: (target, path) => {
        this.#call({ name: 'symlink', path: target, dest: path, args: [target, path] }, readNothing)
      },
      readlink: (path) => at('readlink', readText, path),
      realpath: (path) => at('realpath', readText, path),
      readdir: (path) => at('readdir', readNames, path),
      access: (path, mode) => {
        at('access', readNothing, path, mode)
      },
      removeAll: (path) => {
        at('removeAll', readNothing, path)
      },
    }
  }

  /**
   * The kernel follows this name of a descriptor to what the helper has opened, with no questions about who may: so root
   * first only names it, which changes nothing and waits for nothing, looks at what that is, and opens the very same.
   *
   * Files of the kernel's own (proc, cgroup) are refused, also those of the account's: there counts who has opened one, not
   * who writes to it. Their file systems have no blocks.
   */
  #take(file: Opened, flags: number, shown: string): number {
    const named = openSync(`/proc/${this.#child.pid}/fd/${descriptor(file)}`, O_PATH)
    try {
      const found = fstatSync(named)
      const isNull = found.isCharacterDevice() && found.rdev === NULL_DEVICE
      if (!isNull && !(found.isFile() && found.uid === this.#user.uid))
        throw new UnusableFileError(`${shown} is not a regular file of ${this.#user.name}'s own`)
      if (!isNull && isOfKernel(`/proc/self/fd/${named}`))
        throw new UnusableFileError(`${shown} is not on a disk: its file system has no blocks`)
      return openSync(`/proc/self/fd/${named}`, flags & ~constants.O_NOFOLLOW)
    } finally {
      closeSync(named)
    }
  }

  #call<T>(call: HelperCall, read: Reader<T>, data?: Uint8Array): T {
    if (this.#ended) throw this.#failure('has ended')
    const until =
      clock() + Math.min(this.#limitMs, Math.max(this.#deadline()?.remainingMs ?? Infinity, LEAST_MS))
    let answer: Answer
    let bytes: Buffer
    try {
      this.#send(frame([call.name, ...call.args], data), until)
      const head = this.#receive(HEAD_BYTES, until)
      const [length, more] = [head.readUInt32LE(0), head.readUInt32LE(4)]
      if (length > MOST_JSON || more > (call.most ?? 0)) throw new WrongAnswer('is too long')
      answer = readAnswer(this.#receive(length, until).toString('utf8'))
      bytes = this.#receive(more, until)
      if ('value' in answer) return read(answer.value, bytes)
    } catch (error) {
      this.end()
      if (!(error instanceof WrongAnswer)) throw error
      throw this.#failure(`was asked to ${call.name}, and its answer ${error.message}`, error)
    }
    throw callError(call, answer.errno)
  }

  /** Waits, without letting anything else of this process go on, for what cannot be done at once. */
  #until<T>(until: number, attempt: () => T): T {
    for (let wait = FIRST_LOOK_MS; ; wait = Math.min(2 * wait, LAST_LOOK_MS)) {
      try {
        return attempt()
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'EPIPE' || code === 'ECONNRESET') throw this.#gone()
        if (code !== 'EAGAIN') throw error
      }
      if (clock() > until) throw this.#failure('does not answer')
      Atomics.wait(this.#pause, 0, 0, wait)
    }
  }

  #send(bytes: Buffer, until: number): void {
    for (let at = 0; at < bytes.length;) at += this.#until(until, () => writeSync(this.#control, bytes, at))
  }

  #receive(length: number, until: number): Buffer {
    const bytes = Buffer.alloc(length)
    for (let at = 0; at < length;) {
      const read = this.#until(until, () => readSync(this.#control, bytes, at, length - at, null))
      if (read === 0) throw this.#gone()
      at += read
    }
    return bytes
  }

  #failure(what: string, cause?: unknown): Error {
    return new Error(`the helper process that works as ${this.#user.name} ${what}`, { cause })
  }

  /** It has ended by itself; it may say why. */
  #gone(): Error {
    const { stderr } = this.#child
    let said = String((stderr?.read() as Buffer | null) ?? '')
    try {
      const rest = Buffer.alloc(MOST_COMPLAINT)
      said += rest.toString('utf8', 0, readSync(socketDescriptor(stderr), rest, 0, rest.length, null))
    } catch {
      // It has said nothing, or no more.
    }
    const [line = ''] = said.slice(0, MOST_COMPLAINT).trim().split('\n').slice(-1)
    return this.#failure(`has ended${line === '' ? '' : `: ${line}`}`)
  }
}
