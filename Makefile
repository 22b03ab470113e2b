# InnoClaw. `make run` builds and starts it, `make test` installs what the tests need and runs them all.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X github.com/innoclaw/innoclaw/internal/version.version=$(VERSION) -X github.com/innoclaw/innoclaw/internal/version.commit=$(COMMIT)

WEB_SOURCES := $(shell git ls-files -co --exclude-standard web 2>/dev/null | grep -vE '^web/(embed.go$$|dist/|dev/)')
PACKAGES ?= ./...

.PHONY: run build web test test-go test-web test-browser bench lint fmt generate fuzz clean tools

## run: build everything and start on http://127.0.0.1:3000 with a sample workspace
run: build
	@exec bin/innoclaw serve

## build: bin/innoclaw with the web application inside
build: web
	@CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/innoclaw ./cmd/innoclaw

## web: the browser application, rebuilt only when its sources changed
web: web/dist/index.html

web/node_modules/.installed: web/package.json web/package-lock.json
	@scripts/need node npm
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: web/node_modules/.installed $(WEB_SOURCES)
	@cd web && npm run --silent build
	@touch web/dist/.gitkeep $@

## test: everything, with what it needs installed
test: lint test-web test-go test-browser

test-web: web/node_modules/.installed
	@cd web && npm run --silent typecheck && npm run --silent test

test-go: web tools
	@scripts/with-postgres go test -race -shuffle=on -timeout 20m $(PACKAGES)

test-browser: build tools e2e/node_modules/.installed
	@cd e2e && npm run --silent test

e2e/node_modules/.installed: e2e/package.json e2e/package-lock.json
	@cd e2e && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

## tools: Debian packages that the tests need: a browser, CJK fonts, PostgreSQL
tools:
	@scripts/need chromium postgres fonts

## bench: the figures of bench/README.md
bench: build
	@bench/run

## lint: formatting, vet, static checks
lint: web/node_modules/.installed
	@unformatted=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); [ -z "$$unformatted" ] || { echo "not formatted, run make fmt:"; echo "$$unformatted"; exit 1; }
	@go vet ./...
	@go run honnef.co/go/tools/cmd/staticcheck@v0.7.0 ./...
	@cd web && npm run --silent lint

fmt:
	@gofmt -w $$(git ls-files -co --exclude-standard '*.go')

## generate: the API description and the TypeScript types made from it
generate: web/node_modules/.installed
	@go run ./cmd/innoclaw openapi > web/src/api/openapi.json.new && mv web/src/api/openapi.json.new web/src/api/openapi.json
	@cd web && npm run --silent generate

## fuzz: every fuzz target for a while (FUZZTIME=30s)
fuzz:
	@scripts/fuzz $${FUZZTIME:-30s}

clean:
	@rm -rf bin web/dist/assets web/dist/index.html* web/node_modules e2e/node_modules test-results
