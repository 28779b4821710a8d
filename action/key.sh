#!/usr/bin/env bash
# Name what has to be the same for a cached environment to be used again: its place, its Python, its packages.
# In: PYTHON, GITHUB_ACTION_PATH, RUNNER_TEMP, RUNNER_OS, RUNNER_ARCH. Out: key.
set -euo pipefail
shopt -s inherit_errexit

# The function hashFiles of workflows sees the caller's files alone.
hash=$({
  echo "$RUNNER_TEMP" "$PYTHON"
  "$PYTHON" -VV
  cat "$GITHUB_ACTION_PATH/action/requirements.txt"
} | sha256sum | cut -c 1-16)
echo "key=workmail-org-$RUNNER_OS-$RUNNER_ARCH-$hash" >>"$GITHUB_OUTPUT"
