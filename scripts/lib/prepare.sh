# shellcheck shell=bash
# Functions for the commands that are TypeScript programs: scripts/demo, scripts/bench, scripts/package.

# Ends the command unless it runs as root: need_root NAME
need_root() {
  ((EUID == 0)) || {
    printf '%s: it must run as root: it makes namespaces and mounts\n' "$1" >&2
    exit 1
  }
}

# Installs what is missing, as scripts/setup does with its arguments, then becomes a TypeScript program of this
# repository: become SETUP_ARGUMENTS... -- REPOSITORY PROGRAM ARGUMENTS...
become() {
  local setup=() repo program
  for (( ; $# > 0; )); do
    [[ $1 != -- ]] || break
    setup+=("$1")
    shift
  done
  repo=$2 program=$3
  shift 3
  "$repo/scripts/setup" "${setup[@]}"
  # They change what every start of Node costs, in the measurements too, and nothing from here on needs them.
  unset NODE_EXTRA_CA_CERTS NODE_OPTIONS
  # Without these it obeys a tsconfig.json that lies around the current directory, and runs what it finds compiled in /tmp.
  export TSX_TSCONFIG_PATH=$repo/tsconfig.json TSX_DISABLE_CACHE=1
  # Not the tsx command, which would run the program in a child: Ctrl-C is for the one that cleans up.
  exec node --import "$repo/node_modules/tsx/dist/loader.mjs" "$repo/$program" "$@"
}
