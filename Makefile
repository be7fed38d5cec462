# Everything a developer runs. `make demo` and `make test` need nothing but Go,
# and install what else they need by themselves, once.

LINT    = go build -modfile=.ci/tools/go.mod -o .ci/bin/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint
VERSION = $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

.PHONY: demo test build generate docs lint bench load screenshots

demo: ## run on made-up data, signed in, on http://127.0.0.1:8080
	@go run -ldflags "-s -w" ./cmd/throughline demo

test: ## every test, in a real browser too, with linters and a check for drift
	@.ci/test

build: ## the binary, as the container has it
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o dist/throughline ./cmd/throughline

generate: ## templates to Go
	go tool templ generate -path views

docs: ## what is made of docs/: the metric reference and the pictures
	go test -count=1 -run 'TestMetricReference|TestPicturesOfDocumentation' ./web -update
	go test -count=1 -timeout 15m -run TestDocumentedPages ./cmd/throughline -update

lint:
	$(LINT) && .ci/bin/golangci-lint run

bench: ## the numbers in the README
	go test -run '^$$' -bench . -benchmem ./internal/delivery ./internal/store/sqlitestore ./internal/source/tracker ./internal/picture ./web
	export CHDB_LIB=$$(.ci/chdb) && for n in 10000 100000 1000000; do \
		BENCH_ISSUES=$$n go test -run '^$$' -bench Stores -benchtime 5x -timeout 60m ./internal/store/clickhousestore || exit 1; \
	done && go test -run '^$$' -bench Write -benchtime 1x ./internal/store/clickhousestore/dropin

load: ## a large installation, fifty readers, or a wiki's, and a sync at once
	go test -run '^$$' -bench 'Load|Embeds' -benchtime 1x -timeout 30m ./cmd/throughline

screenshots: ## every page as a picture, into screenshots/
	SCREENSHOTS=$(CURDIR)/screenshots go test -count=1 -run TestScreenshots ./cmd/throughline
