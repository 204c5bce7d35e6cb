# The things to do here; plain `make` lists them.
.PHONY: help run test check schedules fuzz soak drill power-cut chaos bench oracle

help:
	@echo 'make run    build it, start it with NATS and a sample bank, print what to type next'
	@echo 'make test   all tests, with a real nats-server'
	@echo 'make check  format, lints, docs, newer NATS, deploy/, TLS with curl, /docs in a browser, foreign clients and subscribers, and make run as a newcomer would'
	@echo 'make power-cut hundreds of power cuts, CUTS of them in each place; as root on a real ext4, too'
	@echo 'make schedules the writer of the log in DOSSIER_SCHEDULES orders of its steps, and as many by priorities'
	@echo 'make fuzz   each decoder under libFuzzer for MINUTES'
	@echo 'make soak   a long life under load, with kills and stops, for MINUTES; nothing may grow but what events justify'
	@echo 'make drill  a running service backed up, given another master key, lost, restored, and compared'
	@echo 'make bench  each figure as a ratio to a baseline of the same run'
	@echo 'make chaos  service and NATS killed at random for five minutes; DOSSIER_CHAOS_SEED repeats a run'
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
	server=$$(deploy/nats-server.sh --version 2.15) && NATS_SERVER=$$server cargo test --locked --test main -- nats chaos
	cargo test -p events --locked --features shuttle schedules
	deploy/fuzz.sh 20
	deploy/deny.sh
	deploy/check.sh
	deploy/tls.sh
	deploy/docs.sh
	deploy/asyncapi.sh
	deploy/subscribers.sh
	deploy/schemathesis.sh
	deploy/collection.sh
	deploy/generated-client.sh
	deploy/drill.sh
	deploy/smoke.sh

schedules:
	DOSSIER_SCHEDULES=$${DOSSIER_SCHEDULES:-20000} cargo test -p events --locked --features shuttle schedules

fuzz:
	deploy/fuzz.sh $$((60 * $${MINUTES:-10}))

soak:
	server=$$(deploy/nats-server.sh) && NATS_SERVER=$$server DOSSIER_SOAK_SECONDS=$$((60 * $${MINUTES:-40})) \
		cargo test --locked --test main soak -- --nocapture

power-cut:
	server=$$(deploy/nats-server.sh) && NATS_SERVER=$$server DOSSIER_POWER_CUTS=$${CUTS:-300} \
		cargo test --locked --test main power:: -- --nocapture

drill:
	@deploy/drill.sh

bench:
	server=$$(deploy/nats-server.sh --version 2.15) && NATS_SERVER=$$server cargo bench --locked --bench ratios

oracle:
	cargo bench --locked --bench oracle

chaos:
	server=$$(deploy/nats-server.sh) && NATS_SERVER=$$server DOSSIER_CHAOS_SECONDS=$${DOSSIER_CHAOS_SECONDS:-300} cargo test --locked --test main chaos -- --nocapture
