# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Shared by scripts/* and .ci/run. Source it; it changes to the repository root.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root" || exit 1

say() { printf 'kvroof: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# ---- packages ----------------------------------------------------------------------------------

has_apt() { command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; }

package_installed() {
  [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

# The installed one of the names in "a|b", else the first one that apt knows, else the first.
pick_package() {
  local names name
  IFS='|' read -r -a names <<<"$1"
  for name in "${names[@]}"; do
    if package_installed "$name"; then
      echo "$name"
      return
    fi
  done
  for name in "${names[@]}"; do
    if apt-cache show "$name" >/dev/null 2>&1; then
      echo "$name"
      return
    fi
  done
  echo "${names[0]}"
}

# list_missing GROUP...: one missing package of the groups a line (with apt), or one missing command
# (without: libraries are then left to CMake, which names the one it does not find).
list_missing() {
  local group package command
  while read -r group package command _; do
    [[ "$group" != '#'* && " $* " == *" $group "* ]] || continue
    if [[ "$command" != - ]] && command -v "$command" >/dev/null; then continue; fi
    if has_apt; then
      package="$(pick_package "$package")"
      package_installed "$package" || echo "$package"
    elif [[ "$command" != - ]]; then
      echo "$command"
    fi
  done <"$root/scripts/packages.txt"
}

as_root() { # words to put before a command that needs root; none for root
  [[ "$(id -u)" -eq 0 ]] || echo sudo
}

# need_packages GROUP...: installs what is missing. With install=no it only says what is missing.
need_packages() {
  local missing apt_line
  read -r -d '' -a missing <<<"$(list_missing "$@")" || true  # read ends at the end of the text
  if [[ ${#missing[@]} -eq 0 ]]; then return; fi
  if ! has_apt; then
    say "these tools are missing, and this system has no apt to install them: ${missing[*]}"
    die "install them with the package manager of this system; scripts/packages.txt names the libraries too"
  fi
  apt_line="$(as_root) apt-get install --no-install-recommends ${missing[*]}"
  apt_line="${apt_line# }"
  if [[ "${install:-yes}" == no ]]; then
    say "missing packages: ${missing[*]}"
    die "install them with: $apt_line"
  fi
  apt_install "$apt_line" "${missing[@]}"
}

apt_install() { # LINE PACKAGE...: LINE is what a person would type
  local apt_line="$1" log run=()
  shift
  if [[ "$(id -u)" -ne 0 ]]; then
    command -v sudo >/dev/null ||
      die "installing packages needs root, and there is no sudo here; as root run: ${apt_line#sudo }"
    # Without a terminal sudo could not ask for a password and would wait or fail obscurely.
    if [[ ! -t 0 ]] && ! sudo --non-interactive true 2>/dev/null; then
      die "sudo wants a password and there is no terminal to ask on; run: $apt_line"
    fi
    run=(sudo)
  fi
  run+=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 -qq)
  log="$(mktemp)"
  say "installing: $*"
  # A failed update is not the end: the lists that are there may still do.
  "${run[@]}" update >"$log" 2>&1 || say "apt-get update failed; trying with the package lists that are here"
  if ! "${run[@]}" install --yes --no-install-recommends "$@" >>"$log" 2>&1; then
    tail -n 15 "$log" >&2
    say "apt could not install the packages (no network, or a package source that lacks them); its log: $log"
    die "once the package sources can be reached, run: $apt_line"
  fi
  rm -f "$log"
}

# ---- building ----------------------------------------------------------------------------------

# GPU architecture to compile for: KVROOF_CUDA_ARCHITECTURES if set, else the GPU of this machine,
# else Hopper: one architecture, because each one more lengthens every CUDA compilation.
cuda_architectures() {
  local capability=""
  if [[ -n "${KVROOF_CUDA_ARCHITECTURES:-}" ]]; then
    echo "$KVROOF_CUDA_ARCHITECTURES"
    return
  fi
  if command -v nvidia-smi >/dev/null; then
    capability="$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1 || true)"
  fi
  capability="${capability/./}"
  # The kernels need 8.0: nothing older is worth compiling for.
  if [[ ! "$capability" =~ ^[0-9]+$ || "$capability" -lt 80 ]]; then capability=90; fi
  # From 9.0 on, some instructions exist only under the architecture's "a" name.
  if [[ "$capability" -ge 90 ]]; then capability+=a; fi
  echo "$capability-real"
}

# configure PRESET [CMAKE ARGUMENT...]
configure() {
  local preset="$1" log
  shift
  if command -v ccache >/dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER="${CMAKE_CXX_COMPILER_LAUNCHER-ccache}"
    export CMAKE_CUDA_COMPILER_LAUNCHER="${CMAKE_CUDA_COMPILER_LAUNCHER-ccache}"
  fi
  log="$(mktemp)"
  if ! cmake --preset "$preset" "-DKVROOF_CUDA_ARCHITECTURES=$(cuda_architectures)" "$@" >"$log" 2>&1; then
    cat "$log" >&2
    die "configuring failed; the lines above say why (needed: CMake 3.25, g++ 12 and scripts/packages.txt)"
  fi
  sed -n 's/^-- kvroof: /kvroof: /p' "$log" >&2
  rm -f "$log"
}

# build PRESET [TARGET...]: everything without a target.
build() {
  local preset="$1"
  shift
  say "building (preset $preset): ${*:-everything}"
  if [[ $# -eq 0 ]]; then
    cmake --build --preset "$preset"
  else
    cmake --build --preset "$preset" --target "$@"
  fi
}
