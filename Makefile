# leadscore. `make` lists the targets; `make run` and `make test` set up what they need by themselves.
GO ?= go
export CGO_ENABLED ?= 0

ADDR ?= 127.0.0.1:8080
ROWS ?= 100000
RUN_DIR ?= leadscore-run
FUZZTIME ?= 60s
PEERS ?= ../shared/peers
PEER_ROWS ?= 100000 1000000
VENV ?= .venv

.PHONY: help run test build check generate bench bench-peers fuzz golden notebooks clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: build ## sample leads, train, report, server on localhost (ADDR, ROWS, RUN_DIR)
	bin/leadscore run --rows $(ROWS) --dir $(RUN_DIR) --addr $(ADDR)

test: ## all tests
	$(GO) test ./...

build: ## the static binary bin/leadscore
	$(GO) build -trimpath -ldflags="-s -w" -o bin/leadscore ./cmd/leadscore

check: ## formatting, vet, staticcheck, tidy modules
	@test -z "$$(gofmt -l .)" || { echo "gofmt: these files are not formatted:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) mod tidy -diff

generate: ## write the vector kernels anew from model/asm
	$(GO) generate ./model/...

bench: ## Go benchmarks: rows/s and allocations
	$(GO) test -run '^$$' -bench . -benchmem ./...

bench-peers: build ## leadscore beside scikit-learn and glum, alternating (PEERS, PEER_ROWS)
	@test -f $(PEERS)/peers.py || { echo "bench-peers: $(PEERS) is absent: set PEERS to the folder with peers.py and generate/"; exit 1; }
	$(VENV)/bin/python -c '' 2>/dev/null || python3 -m venv $(VENV)
	$(VENV)/bin/pip install -q -r internal/peers/requirements.txt
	$(VENV)/bin/python internal/peers/bench.py --peers $(PEERS) --leadscore bin/leadscore --rows $(PEER_ROWS)

fuzz: ## every fuzzer for FUZZTIME
	@set -e; for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$pkg; \
	  done; \
	done

golden: ## rewrite the golden files of the command line
	$(GO) test ./cmd/leadscore -update

notebooks: build ## a virtual environment, then every notebook executed
	$(VENV)/bin/python -c '' 2>/dev/null || python3 -m venv $(VENV)
	$(VENV)/bin/pip install -q -r notebooks/requirements.txt
	PATH="$(CURDIR)/bin:$$PATH" $(VENV)/bin/python notebooks/execute.py

clean: ## remove what the targets made
	rm -rf bin $(RUN_DIR) $(VENV)
