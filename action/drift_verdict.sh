#!/usr/bin/env bash
# End the job with the exit code of `workmail-org drift`.
# In: CODE, FAIL_ON_DRIFT.
set -euo pipefail

case "$CODE" in
  0) ;;
  5)
    if [[ "$FAIL_ON_DRIFT" == true ]]; then
      echo "::error::WorkMail has drifted; what was changed is in the summary of the job"
      exit 5
    fi
    echo "::warning::WorkMail has drifted; what was changed is in the summary of the job"
    ;;
  *)
    echo "::error::not everything could be looked at, so that nobody knows whether WorkMail has drifted"
    exit "${CODE:-1}"
    ;;
esac
