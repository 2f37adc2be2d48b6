#!/bin/sh
# The same over REST, with a shell and curl. Start `ironic-mcp http` first.
#
#   sh examples/rest.sh [http://127.0.0.1:7385]
set -eu
api=${1:-http://127.0.0.1:7385}

# Prints one member of a flat JSON object from stdin, without jq.
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

started=$(curl --silent --show-error --fail-with-body --json \
  '{"image_id": "debian-12", "resource_class": "baremetal.small"}' "$api/provision") || {
  echo "$started" >&2
  exit 1
}
operation=$(echo "$started" | member operation_id)
echo "$started" | member message

status=in_progress
while [ "$status" = in_progress ]; do
  answer=$(curl --silent --show-error --fail-with-body "$api/provision/$operation?wait_seconds=50") || {
    echo "$answer" >&2
    exit 1
  }
  status=$(echo "$answer" | member status)
  echo "$answer" | member message
done
[ "$status" = completed ]
