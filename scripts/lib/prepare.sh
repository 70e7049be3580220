# shellcheck shell=bash
# Functions for the commands that bring clusters up on this machine: scripts/demo, scripts/bench.

# Ends the command unless it runs as root: need_root NAME
need_root() {
  ((EUID == 0)) || {
    printf '%s: it must run as root: it makes namespaces and mounts\n' "$1" >&2
    exit 1
  }
}

# Installs what is missing, then becomes a TypeScript program of this repository: become REPOSITORY PROGRAM ARGUMENTS...
become() {
  local repo=$1 program=$2
  shift 2
  "$repo/scripts/setup"
  # They change what every start of Node costs, in the measurements too, and nothing from here on needs them.
  unset NODE_EXTRA_CA_CERTS NODE_OPTIONS
  # Not the tsx command, which would run the program in a child: Ctrl-C is for the one that cleans up.
  exec node --import "$repo/node_modules/tsx/dist/loader.mjs" "$repo/$program" "$@"
}
