# What people and CI call. The two to know: `make demo` and `make test`.

CARGO ?= cargo
PLATFORM ?= embedded

.PHONY: help demo test rehearse-all compare e2e bench install dist workspace

help:
	@echo 'make demo     play the track dev2 in a lab of its own, and remove the lab'
	@echo 'make demo PLATFORM=k3d   the same on a real cluster'
	@echo 'make test     everything that must hold: formatting, clippy, tests, scenarios'
	@echo 'make rehearse-all   all material: each action twice, 20 orders by chance, a kill in every step'
	@echo 'make compare  our API server against the real one that ATELIER_COMPARE_KUBECONFIG names'
	@echo 'make e2e      everything on the real thing: Docker, k3d, Gitea, Flux (atelier.yaml says which)'
	@echo 'make bench    measure times and memory'
	@echo 'make install  put atelier on your PATH'
	@echo 'make workspace   the image for `atelier shell --container`; BASE=, KUBECTL_VERSION=, TOOLS=FOLDER, …'
	@echo 'make dist     an archive for people without Rust, in target/dist (TARGET= for another machine)'

# A debug build is there soonest on a fresh machine.
demo:
	$(CARGO) build --locked
	@.ci/demo target/debug/atelier $(PLATFORM)

test:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) test --locked
	$(CARGO) run --locked --quiet -- lint scenarios

# Plays the cases of tests/it/apiserver/conformance against both. ATELIER_COMPARE_RECORD=1 records the answers anew.
compare:
	@test -n "$$ATELIER_COMPARE_KUBECONFIG" || { echo 'ATELIER_COMPARE_KUBECONFIG names no kubeconfig' >&2; exit 2; }
	$(CARGO) test --locked --test it apiserver::conformance -- --nocapture --test-threads 1

# One test at a time: each has a lab of its own.
e2e:
	$(CARGO) build --locked
	$(CARGO) test --locked --test e2e -- --ignored --test-threads 1 --nocapture

rehearse-all:
	$(CARGO) build --locked
	.ci/rehearse-all target/debug/atelier

bench:
	$(CARGO) build --locked --release
	target/release/atelier bench

install:
	$(CARGO) install --locked --path .

dist:
	@CARGO='$(CARGO)' .ci/dist

workspace:
	$(CARGO) build --locked --release
	@.ci/workspace target/release/atelier
