import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('.', import.meta.url))

/** What the nodes of clusters run: see test/systems. */
const SYSTEM = process.env['OCF_TS_SYSTEM'] || 'debian12'

/**
 * The tests of these directories that run on that system. A file names its systems in its first comment
 * (`@systems debian12 debian13`); one that names none runs on Debian 12.
 *
 * @param {...string} directories
 */
function onSystem(...directories) {
  const files = directories.flatMap((directory) =>
    readdirSync(join(repository, directory))
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => join(directory, name)),
  )
  /** @param {string} file */
  const named = (file) => /^ \* @systems (.*)$/m.exec(readFileSync(join(repository, file), 'utf8'))?.[1]
  const chosen = files.filter((file) => (named(file) ?? 'debian12').split(/\s+/).includes(SYSTEM))
  return chosen.length > 0 ? chosen.map((file) => `<rootDir>/${file}`) : ['<rootDir>/none']
}

/**
 * Six projects: `unit` needs nothing, `model` needs nothing but a minute (MODEL_SECONDS), `root` needs root and
 * namespaces, `security` needs root and tries to gain more than it was given, `cluster` brings up real clusters and looks at the clock, `tool` brings up real clusters for the
 * operator's tool and may share the machine.
 */
const common = {
  testEnvironment: 'node',
  transform: { '\\.(ts|js|mjs)$': '<rootDir>/test/transform.mjs' },
  // execa and what it is made of ship as ES modules only.
  transformIgnorePatterns: [
    '/node_modules/(?!(execa|@sindresorhus|@sec-ant|figures|get-stream|human-signals|is-plain-obj|is-stream|is-unicode-supported|npm-run-path|parse-ms|path-key|pretty-ms|strip-final-newline|unicorn-magic|yoctocolors)/)',
  ],
}

export default {
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/test/unit/**/*.test.ts'] },
    { ...common, displayName: 'model', testMatch: ['<rootDir>/test/model/*.test.ts'] },
    { ...common, displayName: 'root', testMatch: ['<rootDir>/test/root/**/*.test.ts'] },
    { ...common, displayName: 'security', testMatch: ['<rootDir>/test/security/*.test.ts'] },
    {
      ...common,
      displayName: 'cluster',
      testMatch: onSystem('test/cluster', 'test/cluster/lab'),
    },
    {
      ...common,
      displayName: 'tool',
      testMatch: onSystem('test/cluster/cli', 'test/cluster/readme'),
    },
  ],
}
