# What the scripts share: which node runs, and whether anything is missing. To be sourced, with
# $root set to the checkout. Every call of bin/signalbox pays for it, so it starts few processes and
# writes nothing.

# Sets $node to the one on PATH when it is new enough, else to the one that npm installed.
find_node() {
  for node in "$(command -v node || :)" "$root"/node_modules/node-linux-*/bin/node; do
    [ -x "$node" ] || continue
    version=$("$node" --version 2>/dev/null) || continue
    version=${version#v}
    case ${version%%.*} in
      '' | *[!0-9]*) continue ;;
    esac
    [ "${version%%.*}" -lt 24 ] || return 0
  done
  node=
  return 1
}

# The lock file that node_modules was made from is kept in it.
is_installed() {
  cmp -s "$root/package-lock.json" "$root/node_modules/.signalbox-lock.json"
}

# A folder counts as newer when a file came or went, so a removed source is noticed too.
is_built() {
  [ -f "$root/dist/.built" ] && [ -z "$(
    cd "$root" &&
      find src package.json package-lock.json tsconfig*.json script/copy-assets.mjs \
        -name '*.test.ts' -o -newer dist/.built -print 2>/dev/null
  )" ]
}

is_ready() {
  find_node && is_installed && is_built
}
