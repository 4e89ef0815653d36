# The usual commands of this project. You can also type each line without make.

.DEFAULT_GOAL := help
MODULES := $(sort $(dir $(shell git ls-files --cached --others --exclude-standard 'go.mod' '*/go.mod' ':!testdata')))

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## see an SMS arrive in a sandbox
	go run ./examples/send_sms_code -solve

sandbox: ## run a fake platform with a page, at http://127.0.0.1:8081
	go run ./cmd/openplatform sandbox

doctor: ## check the assumptions about the test environment, and write doctor.txt
	go run ./cmd/openplatform doctor -env test -report doctor.txt

build: ## build the program into dist
	CGO_ENABLED=0 go build -trimpath -o dist/ ./cmd/openplatform

test: ## run the tests of the root module
	go test ./...

race: ## run the tests of the root module with the race detector
	go test -race ./...

gate: ## run all checks that a change must pass
	.ci/run

tools: ## build the linter and the formatter into bin
	go -C tools build -o ../bin/ tool

lint: tools ## find mistakes and formatting
	bin/golangci-lint run ./...

format: tools ## format all Go files
	bin/gofumpt -w .

tidy: ## tidy the go.mod of every module
	@for module in $(MODULES); do echo $$module; go -C $$module mod tidy || exit; done

bench: ## measure what a call costs, with few calls
	go -C benchmarks run . -quick

tables: ## write the tables of the pages, without the measured ones
	go test ./advice ./internal/doctor -update
	go -C otelopenplatform test . -update
	go -C tests test ./loggers -update
	go -C tests test ./faults -run Doctor -update

figures: ## measure all figures of the pages again; this takes hours
	go test . -v -run TestNoSecretIsPrinted -long -update
	go -C tests test -timeout 60m -v ./faults -long -update
	go -C tests test -timeout 60m -v ./simulation -run '^TestSimulation$$' -scenarios 100000 -update
	go -C tests test -timeout 60m -v ./fleet -long -update
	go -C tests test -timeout 30m -count=1 -v ./program -long -update
	go -C benchmarks run .

image: ## build and test the container image; needs buildah
	.ci/image

licences: ## write THIRD_PARTY_LICENSES, and list the dependencies with their licences
	.ci/licences -write
	.ci/licences

release: ## make the release files of the current commit in dist/release
	.ci/release

release-check: ## make the release twice in other places, and compare every byte
	.ci/release --check

# No target is a file, even if a file has its name.
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*/\1/p' $(MAKEFILE_LIST))
