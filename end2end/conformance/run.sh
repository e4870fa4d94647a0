#!/bin/bash
# Does the running program keep what server/openapi.json promises? Needs DATABASE_URL of a fresh database.
#
#   run.sh STORESIDE SCHEMATHESIS
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
storeside=$1 schemathesis=$2
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# Nothing is left behind in the clone.
work=$(mktemp -d)
cd "$work"

export STORESIDE_ADDR=127.0.0.1:$port STORESIDE_PUBLIC_URL=http://127.0.0.1:$port STORESIDE_DATA_DIR=$work
export STORESIDE_SECRET_KEY=conformance-only-conformance-only-000
export CONNECTOR_PRINCIPALS=$here/../twin/principals.json CONNECTOR_GATEWAY_SECRET=demo-gateway-secret
export EVENT_FEED_API_KEY=demo-event-feed-key
"$storeside" migrate
"$storeside" seed
"$storeside" serve 2>log &
serving=$!
trap 'kill $serving 2>/dev/null || true; wait $serving 2>/dev/null || true; rm -rf "$work"' EXIT

status=0
"$schemathesis" --config-file "$here/schemathesis.toml" run "$STORESIDE_PUBLIC_URL/openapi.json" \
	--wait-for-schema 20 --no-color \
	-H "x-storeside-gateway-secret: $CONNECTOR_GATEWAY_SECRET" \
	-H 'x-storeside-caller-arn: arn:aws:iam::123456789012:role/amazon-jwo-gateway-demo' \
	-H "x-api-key: $EVENT_FEED_API_KEY" || status=$?
if [ $status != 0 ]; then
	echo 'What the program logged last:'
	tail -n 5 log
fi
exit $status
