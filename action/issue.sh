#!/usr/bin/env bash
# Keep one issue about drift: opened the first time, updated while there is drift, closed when all is clean.
# In: CODE, DRIFTED, FOLDER (body.md, its first line names the issue), LABEL, AUTHOR, GH_TOKEN.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C.UTF-8 # characters are counted, not bytes

# GitHub's limit, in characters: "Body is too long (maximum is 65536 characters)".
most_characters=65536

issues="repos/$GITHUB_REPOSITORY/issues"
body="$FOLDER/body.md"

main() {
  local numbers=() number found
  MARKER=$(head -n 1 "$body")
  export MARKER AUTHOR
  shorten
  found=$(find_open) # not inside of mapfile, which would take a failure for none
  mapfile -t numbers < <(sed '/^$/d' <<<"$found" | sort -n)
  if [[ "$DRIFTED" == true ]]; then
    if [[ ${#numbers[@]} -eq 0 ]]; then
      gh api --silent --method POST "$issues" -f "title=WorkMail has drifted" -F "body=@$body" \
        -f "labels[]=$LABEL"
      return
    fi
    gh api --silent --method PATCH "$issues/${numbers[0]}" -F "body=@$body"
    numbers=("${numbers[@]:1}") # two runs at once have opened them
  elif [[ "$CODE" != 0 ]]; then
    return # nobody knows whether it is still so
  fi
  for number in ${numbers[@]+"${numbers[@]}"}; do
    gh api --silent --method PATCH "$issues/$number" -F "body=@$body" -f state=closed
  done
}

# Print the numbers of the open issues. Somebody else's that begins in the same way is not ours to change.
find_open() {
  gh api --paginate "$issues?state=open&labels=$LABEL&per_page=100" --jq \
    '.[] | select(.pull_request == null and .user.login == env.AUTHOR and ((.body // "") | startswith(env.MARKER))) | .number'
}

shorten() {
  local text
  text=$(<"$body")
  if [[ ${#text} -gt $most_characters ]]; then
    printf '%s\n\n… and more, in the summary of the job\n' "${text:0:most_characters-100}" >"$body"
  fi
}

main
