# The things to do here; plain `make` lists them.
.PHONY: help run test check drill bench oracle

help:
	@echo 'make run    build it, start it with NATS and a sample bank, print what to type next'
	@echo 'make test   all tests, with a real nats-server'
	@echo 'make check  format, lints, docs, newer NATS, deploy/, TLS with curl, /docs in a browser, foreign clients, and make run as a newcomer would'
	@echo 'make drill  a running service backed up, given another master key, lost, restored, and compared'
	@echo 'make bench  each figure as a ratio to a baseline of the same run'
	@echo 'make oracle whether time tells a client what exists'

run:
	@deploy/run.sh

test:
	server=$$(deploy/nats-server.sh) && NATS_SERVER=$$server cargo test --workspace --locked

check:
	command -v strace >/dev/null || { apt-get update -qq && apt-get install -y --no-install-recommends strace; }
	DOSSIER_REQUIRE_STRACE=1 cargo test --workspace --locked synced
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked --document-private-items
	server=$$(deploy/nats-server.sh --version 2.15) && NATS_SERVER=$$server cargo test --locked --test main nats
	deploy/deny.sh
	deploy/check.sh
	deploy/tls.sh
	deploy/docs.sh
	deploy/schemathesis.sh
	deploy/collection.sh
	deploy/generated-client.sh
	deploy/drill.sh
	deploy/smoke.sh

drill:
	@deploy/drill.sh

bench:
	cargo bench --locked --bench ratios

oracle:
	cargo bench --locked --bench oracle
