#!/usr/bin/env bash
# Keep one comment a spec on a pull request: written the first time, replaced after that.
# In: FOLDER (bodies, the first line of each names its comment), PULL_REQUEST, AUTHOR, GH_TOKEN.
set -euo pipefail
export LC_ALL=C.UTF-8 # characters are counted, not bytes

# GitHub's limit, in characters: "Body is too long (maximum is 65536 characters)".
most_characters=65536

main() {
  local body
  for body in "$FOLDER"/*.md; do
    shorten "$body"
    if ! write "$body"; then
      # A pull request from a fork has a token that can only read: the plan is in the summary.
      echo "::warning::the comment could not be written; the job needs the permission pull-requests: write"
    fi
  done
}

# Somebody else's comment that begins in the same way is not ours to change.
write() {
  local body="$1" comments="repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments" id
  MARKER=$(head -n 1 "$body")
  export MARKER AUTHOR
  id=$(gh api --paginate "$comments?per_page=100" --jq \
    '.[] | select(.user.login == env.AUTHOR and (.body | startswith(env.MARKER))) | .id') || return
  id=${id%%$'\n'*}
  if [[ -n "$id" ]]; then
    gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" -F "body=@$body"
  else
    gh api --silent --method POST "$comments" -F "body=@$body"
  fi
}

shorten() {
  local body="$1" text
  text=$(<"$body")
  if [[ ${#text} -gt $most_characters ]]; then
    printf '%s\n\n… and more, in the summary of the job\n' "${text:0:most_characters-100}" >"$body"
  fi
}

main
