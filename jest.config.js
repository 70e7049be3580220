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

module.exports = {
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/test/unit/**/*.test.ts'] },
    { ...common, displayName: 'model', testMatch: ['<rootDir>/test/model/*.test.ts'] },
    { ...common, displayName: 'root', testMatch: ['<rootDir>/test/root/**/*.test.ts'] },
    { ...common, displayName: 'security', testMatch: ['<rootDir>/test/security/*.test.ts'] },
    {
      ...common,
      displayName: 'cluster',
      testMatch: ['<rootDir>/test/cluster/*.test.ts', '<rootDir>/test/cluster/lab/*.test.ts'],
    },
    {
      ...common,
      displayName: 'tool',
      testMatch: ['<rootDir>/test/cluster/{cli,readme}/*.test.ts'],
    },
  ],
}
