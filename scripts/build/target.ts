/** The oldest Node that an executable must run on is Debian 12's own; this is esbuild's name for it. */
export const TARGET = 'node18'
