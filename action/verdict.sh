#!/usr/bin/env bash
# Fail the job for an invalid spec and, if that is asked for, for a plan that is refused.
# In: VALID, REFUSED, FAIL_ON_BRAKES.
set -euo pipefail

if [[ "$VALID" != true ]]; then
  echo "::error::a spec is not valid; every problem is in the summary of the job"
  exit 1
fi
if [[ "$REFUSED" == true && "$FAIL_ON_BRAKES" == true ]]; then
  echo "::error::a deployment would be refused; why, and what to do, is in the summary of the job"
  exit 1
fi
