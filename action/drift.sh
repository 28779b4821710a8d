#!/usr/bin/env bash
# Look for drift of each spec, and write what an issue shall say. An error is kept apart from drift.
# In: SPECS (one a line), ROOT; AWS credentials that may read.
# Out: body.md; code (0: clean or pending, 5: drift, anything else: not everything could be looked at),
# drifted (whether any spec has drifted), folder.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C.UTF-8 # characters are counted, not bytes

marker="<!-- workmail-org drift -->"
folder="$RUNNER_TEMP/workmail-drift"
code=0 drifted=false

main() {
  local paths options=() spec number=0
  mapfile -t paths < <(sed -E 's/^[[:space:]]+|[[:space:]]+$//g; /^$/d' <<<"$SPECS")
  if [[ ${#paths[@]} -eq 0 ]]; then
    echo "::error::specs names no file"
    exit 1
  fi
  if [[ -n "$ROOT" ]]; then options=(--root "$ROOT"); fi
  rm -rf "$folder"
  mkdir -p "$folder"
  echo "$marker" >"$folder/body.md"
  for spec in "${paths[@]}"; do
    number=$((number + 1))
    look "$folder/$number" "$spec" ${options[@]+"${options[@]}"}
  done
  # GitHub drops a longer summary of a step whole: 1 MiB.
  head -c 1000000 "$folder/body.md" >>"$GITHUB_STEP_SUMMARY"
  {
    echo "code=$code"
    echo "drifted=$drifted"
    echo "folder=$folder"
  } >>"$GITHUB_OUTPUT"
}

# Look at one spec: name of its files, spec, options.
look() {
  local file="$1" spec="$2" said its=0
  shift 2
  # The last line is a sign of life also where everything is clean.
  said=$(workmail-org drift "$@" --exit-code --format markdown --output "$file.md" -- "$spec" 2>&1) ||
    its=$?
  echo "$said"
  case $its in
    0) ;;
    5)
      drifted=true
      if [[ $code -eq 0 ]]; then code=5; fi
      ;;
    *)
      # No error may pass for drift, nor for clean.
      if [[ $code -eq 0 || $code -eq 5 ]]; then code=$its; fi
      echo "::error::$spec could not be looked at, or not everything of it (exit code $its)"
      ;;
  esac
  if [[ -s "$file.md" ]]; then
    grep -vxF -- "$marker" "$file.md" >>"$folder/body.md"
  else
    {
      printf '### ❔ %s could not be looked at\n\n' "\`$spec\`"
      printf '%s\n' "$said" | sed 's/^/    /'
    } >>"$folder/body.md"
  fi
}

main
