# The commands of this project. "make help" lists them.
#
# PREFIX and DESTDIR are for install; XQUIC_FEATURES chooses Cargo features (see Cargo.toml);
# BORING_BSSL_PATH names a BoringSSL that is built already.

PREFIX ?= /usr/local
DESTDIR ?=
export DESTDIR

# Shells started below find cargo where rustup puts it.
export PATH := $(PATH):$(HOME)/.cargo/bin

.DEFAULT_GOAL := help
.PHONY: help demo test build examples install bench fuzz fmt lint headers setup clean distclean

help:
	@echo 'make demo      build everything and download a file over HTTP/3 on this machine'
	@echo 'make test      run every test'
	@echo 'make build     build libxquic.so and libxquic.a in target/release'
	@echo 'make examples  build the example programs in build/examples'
	@echo 'make install   install to PREFIX (default /usr/local), below DESTDIR if set'
	@echo 'make bench     measure speed, instructions and memory'
	@echo 'make fuzz      fuzz every target for ten minutes'
	@echo 'make fmt       format the Rust sources'
	@echo 'make lint      check format and lints'
	@echo 'make headers   write include/xquic/*.h anew'
	@echo 'make clean     remove what was built, except for dependencies'
	@echo 'make distclean remove everything that was built'

setup:
	@tools/setup.sh build

demo: examples
	@tools/demo.sh

test:
	@tools/setup.sh test
	@tools/test.sh

build: setup
	@tools/build.sh

examples: build
	@tools/examples.sh

# Builds nothing, so that it may run as another user than "make build".
install:
	@tools/install.sh '$(PREFIX)'

bench: build
	@tools/bench.sh

fmt:
	@cargo fmt

fuzz: setup
	@tools/fuzz.sh 600

lint: setup
	@tools/lint.sh

headers: setup
	@tools/headers.sh

clean:
	@tools/clean.sh

distclean: clean
	@tools/clean.sh all
