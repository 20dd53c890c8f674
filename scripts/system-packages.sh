#!/usr/bin/env bash
# Install Debian packages that tests use as real peers, where this user may: system-packages.sh [PROGRAM:]PACKAGE...
# The tests that need one say so themselves where it stays absent.
set -euo pipefail
missing=()
for package in "$@"; do command -v "${package%%:*}" >/dev/null || missing+=("${package##*:}"); done
[ ${#missing[@]} = 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing ${missing[*]}"
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}") >/dev/null
else
  echo "not installed: ${missing[*]}; the tests that need them will say so"
fi
