# The front door; the work is in scripts/ and in `cargo xtask`.
.PHONY: start test test-heavy build bench lint fmt generate tidy clean

start: ; @scripts/start.sh
test: ; @scripts/test.sh
test-heavy: ; @scripts/test-heavy.sh $(ARGS)
build: ; @scripts/build.sh
bench: ; @scripts/bench.sh $(ARGS)
lint: ; @scripts/lint.sh
fmt: ; @scripts/fmt.sh
generate: ; @scripts/generate.sh
tidy: ; @scripts/tidy.sh
clean: ; @scripts/clean.sh
