#!/usr/bin/env bash
# Install workmail-org, as this action's own revision has it, into an environment of its own.
# In: PYTHON, GITHUB_ACTION_PATH, RUNNER_TEMP. Out: workmail-org on the path of the next steps.
set -euo pipefail

environment="$RUNNER_TEMP/workmail-org"
install=("$environment/bin/python" -m pip install --quiet --disable-pip-version-check)

# The packages that it needs are locked, and come from the cache if they can.
if [[ ! -e "$environment/complete" ]]; then
  rm -rf "$environment"
  "$PYTHON" -m venv "$environment"
  "${install[@]}" --require-hashes --requirement "$GITHUB_ACTION_PATH/action/requirements.txt"
  touch "$environment/complete"
fi
# The cache can hold another revision under the same version.
"${install[@]}" --no-deps --no-build-isolation --no-index --force-reinstall "$GITHUB_ACTION_PATH"
echo "$environment/bin" >>"$GITHUB_PATH"
