# A thin face over Meson and the scripts in tools/. `make help` lists what there is.
.PHONY: all install test tsan clang bench prove soak format made check clean help

all: ## release build: build/huiliu and build/huiliu-sandbox
	@tools/build build -Dbuildtype=release huiliu huiliu-sandbox

# Without a build of its own: `sudo make install` must leave nothing in build/ that belongs to root.
PREFIX ?= /usr/local
install: ## what `make` built, its manual page and bash completion, to $(DESTDIR)$(PREFIX)
	@install -D build/huiliu $(DESTDIR)$(PREFIX)/bin/huiliu
	@install -D -m 644 docs/huiliu.1 $(DESTDIR)$(PREFIX)/share/man/man1/huiliu.1
	@install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	@build/huiliu help --completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/huiliu

test: ## everything under address and undefined-behaviour sanitizers (./test WORD... for a part)
	@./test

# gcc 12's thread sanitizer gives up where the kernel randomises addresses widely, hence setarch where it may.
tsan: ## the parts that tests/tsan lists, under the thread sanitizer
	@tools/build build-tsan -Dbuildtype=debugoptimized -Db_sanitize=thread
	@$$(setarch -R true 2>/dev/null && echo setarch -R) tools/run-tests build-tsan --list tests/tsan

clang: ## compile everything with clang, warnings are errors
	@CC=clang tools/build build-clang -Dbuildtype=debug

bench: all ## measure; prints `bench NAME VALUE UNIT limit LIMIT ratio R`
	@tools/build build
	@bench/run build
	@bench/capacity build

prove: ## list the big proofs; `make prove-NAME` runs one against the release build
	@ls tests/prove

# Written as a pattern so that a new script in tests/prove needs no change here.
prove-%: all
	@tests/prove/$* build

soak: prove-soak ## the proof that runs for long

format: ## lay out every C file
	@git ls-files -co --exclude-standard '*.c' '*.h' | xargs -r clang-format -i

made: all ## the files that are made of the program: man page, references, routes, the page's types
	@build/huiliu help --man >docs/huiliu.1
	@build/huiliu settings --reference >docs/settings.md
	@build/huiliu help --routes >docs/routes.md
	@build/huiliu derive metrics --reference >docs/metrics.md
	@build/huiliu help --openapi >build/openapi.json
	@node web/tools/types.mjs build/openapi.json >web/src/api/types.ts

check: ## the rules that no compiler knows: rooms, error codes, format, the page's types and words
	@tools/check-rooms
	@tools/check-errors
	@tools/check-format
	@tools/check-page

clean: ## remove every build folder
	@rm -rf build build-asan build-tsan build-clang

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'
