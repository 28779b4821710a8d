#!/usr/bin/env bash
# Install workmail-org, as this action's own revision has it, into an environment of its own.
# In: PYTHON, GITHUB_ACTION_PATH, RUNNER_TEMP. Out: workmail-org on the path of the next steps.
set -euo pipefail

environment="$RUNNER_TEMP/workmail-org"
"$PYTHON" -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check "$GITHUB_ACTION_PATH"
echo "$environment/bin" >>"$GITHUB_PATH"
