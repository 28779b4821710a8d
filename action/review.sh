#!/usr/bin/env bash
# Validate each spec, plan it against the base, and write what the pull request shall say.
# In: SPECS (one a line), ROOT, AGAINST, GITHUB_BASE_REF (set for pull requests).
# Out: for each spec a body (.md) and a report (.html); valid, changes, refused, folder.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C.UTF-8 # characters are counted, not bytes

# GitHub refuses a longer comment ("Body is too long"); some room is left for what stands around.
most_characters=60000

# GitHub drops a longer summary of a step whole: 1 MiB, of which some is left for the note.
most_bytes=1000000

folder="$RUNNER_TEMP/workmail-plan"
valid=true changes=false refused=false

main() {
  local paths options=() base spec number=0
  mapfile -t paths < <(sed -E 's/^[[:space:]]+|[[:space:]]+$//g; /^$/d' <<<"$SPECS")
  if [[ ${#paths[@]} -eq 0 ]]; then
    echo "::error::specs names no file"
    exit 1
  fi
  if [[ -n "$ROOT" ]]; then options=(--root "$ROOT"); fi
  rm -rf "$folder"
  mkdir -p "$folder"
  # Problems become annotations beside the lines of the change.
  echo "::add-matcher::$GITHUB_ACTION_PATH/action/problems.json"
  base=$(find_base)
  for spec in "${paths[@]}"; do
    number=$((number + 1))
    review "$folder/$number-${spec//[^A-Za-z0-9._-]/_}" "$spec" "$base" ${options[@]+"${options[@]}"}
  done
  echo "::remove-matcher owner=workmail-org::"
  echo "::remove-matcher owner=workmail-org-warning::"
  summarize
  {
    echo "valid=$valid"
    echo "changes=$changes"
    echo "refused=$refused"
    echo "folder=$folder"
  } >>"$GITHUB_OUTPUT"
}

# Add to the job's summary what was said of each spec, as long as there is room.
summarize() {
  local body size left=$most_bytes
  for body in "$folder"/*.md; do
    size=$(wc -c <"$body")
    if [[ $size -gt $left ]]; then
      printf '\n… and more, in the log of the job\n' >>"$GITHUB_STEP_SUMMARY"
      return
    fi
    left=$((left - size))
    cat "$body" >>"$GITHUB_STEP_SUMMARY"
  done
}

# Print what to compare with; nothing when there is nothing.
find_base() {
  local depth=()
  if [[ -n "$AGAINST" ]]; then
    echo "$AGAINST"
  elif [[ -n "${GITHUB_BASE_REF:-}" ]]; then
    # A whole clone stays whole: --depth would cut its history off.
    if [[ $(git rev-parse --is-shallow-repository) == true ]]; then depth=(--depth=1); fi
    git fetch --quiet --no-tags ${depth[@]+"${depth[@]}"} origin \
      "+refs/heads/$GITHUB_BASE_REF:refs/remotes/origin/$GITHUB_BASE_REF" >&2
    echo "git:origin/$GITHUB_BASE_REF"
  fi
}

# Review one spec: name of its files, spec, base, options.
review() {
  local file="$1" spec="$2" base="$3" said code=0
  shift 3
  echo "<!-- workmail-org review of $spec -->" >"$file.md"
  said=$(workmail-org validate "$@" -- "$spec" 2>&1) || code=$?
  echo "$said"
  if [[ $code -ne 0 ]]; then
    valid=false
    tell "$file.md" "⛔ \`$spec\` is not valid" "$said"
  elif [[ -n "$base" ]]; then
    plan "$file" "$spec" "$base" "$@"
  else
    tell "$file.md" "✅ \`$spec\` is valid; there is no base branch to plan it against" ""
  fi
}

# Plan one valid spec: name of its files, spec, base, options.
plan() {
  local file="$1" spec="$2" base="$3" said code=0
  shift 3
  said=$(workmail-org plan "$@" --against "$base" --format markdown --exit-code \
    --output "$file.plan" -- "$spec" 2>&1) || code=$?
  echo "$said"
  case $code in
    0) ;;
    3) refused=true changes=true ;;
    5) changes=true ;;
    *)
      # What is wrong is the base: a change that mends it has to be possible.
      echo "::warning::$spec cannot be planned against $base"
      tell "$file.md" "⚠️ \`$spec\` is valid, and cannot be planned against \`${base#git:}\`" "$said"
      return
      ;;
  esac
  cat "$file.plan" >>"$file.md"
  rm "$file.plan"
  # Its exit code says the same again.
  workmail-org plan "$@" --against "$base" --format html --output "$file.html" -- "$spec" >&2 ||
    [[ -s "$file.html" ]]
}

# Add a heading and, indented so that nothing in it is Markdown, what a program said.
tell() {
  local file="$1" heading="$2" said="$3"
  if [[ ${#said} -gt $most_characters ]]; then
    said="${said:0:$most_characters}
… and more, in the log of the job"
  fi
  printf '### %s\n\n' "$heading" >>"$file"
  if [[ -n "$said" ]]; then printf '%s\n' "$said" | sed 's/^/    /' >>"$file"; fi
}

main
