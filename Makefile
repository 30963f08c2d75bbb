# What people and CI call. The two to know: `make demo` and `make test`.

CARGO ?= cargo

.PHONY: help demo test bench install

help:
	@echo 'make demo     play the track dev2 in a lab of its own, and remove the lab'
	@echo 'make test     everything that must hold: formatting, clippy, tests, scenarios'
	@echo 'make bench    measure times and memory'
	@echo 'make install  put atelier on your PATH'

# A debug build is there soonest on a fresh machine.
demo:
	$(CARGO) build --locked
	@.ci/demo target/debug/atelier

test:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) test --locked
	$(CARGO) run --locked --quiet -- lint scenarios

bench:
	$(CARGO) build --locked --release
	target/release/atelier bench

install:
	$(CARGO) install --locked --path .
