# These targets need Go 1.26, Python 3.10 with venv, make and, for the CDK, Node 22 with npm. They install everything else, pinned,
# into .tools.
# `make help` lists the targets.

# Of the function: arm64 or x86_64. The default is arm64, and this machine's if AWS_ENDPOINT_URL is set, for an emulator.
ARCH    ?=
STACK   ?= personalize-role
REGIONS ?=
DRY_RUN ?=
PREFIX  ?= personalize-role
HISTORIES ?= 10000
BUCKET  ?=
VERSION ?=
# Parameters of template.yaml, such as: PARAMETERS="BucketNames=my-data PersonalizeAccess=None"
PARAMETERS ?=
AWS     ?= aws

TOOLS   := .tools
LINT    := $(TOOLS)/lint-1
CDK     := $(TOOLS)/cdk
BENCH   := $(TOOLS)/bench
MOTO    := $(TOOLS)/moto
SIMULATE := $(TOOLS)/simulate
RIE     := $(TOOLS)/bin/aws-lambda-rie
EMULATOR := $(TOOLS)/emulator
PEERS   := lambda/bench/peers
# The packages that call no service.
PURE    := lambda/properties $(addprefix lambda/internal/,access cfn plan policy findings servicerole)
TOOL    := go tool -modfile=.ci/tools
# The CDK runs in Node, where the race detector sees nothing and takes minutes, as it does for the compression of releases.
IN_NODE := ./infra ./infra/personalizerole ./examples/...
# The packages with tests that run on the emulator as well as in the process.
IN_WORLDS := ./lambda/internal/access ./lambda/internal/fakeaws ./lambda/internal/handler
IN_GO   := ./lambda/... ./infra/bundle/... ./infra/deployer ./infra/emulator ./infra/launch ./infra/parameters ./infra/stacks ./infra/cmd/...
RELEASE := ./infra/release
# Packages whose tests try every order of calls, and a fault at each. The race detector runs only a part of these tests (-short).
EXHAUSTIVE := ./lambda/internal/handler ./lambda/internal/sharedpolicy

export GOFLAGS := -buildvcs=false
# The one that the function is built with, whichever is installed: an older one builds other bytes.
export GOTOOLCHAIN := $(shell sed -n 's/^toolchain //p' go.mod)
export PATH := $(abspath $(CDK))/node_modules/.bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help browser launch-page demo build test tools unit unit-go unit-race unit-exhaustive unit-cdk simulated code tools-of-check beside-stacks beside-stacks-of-test histories mutate emulated emulated-calls emulated-stacks bench plan fleet check synth format fmt golden lint vet \
	vulncheck fuzz template package deploy publish release deployable clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## show the whole life of a role on an emulator; KEEP=1 leaves it running
	go run ./infra/cmd/demo $(if $(KEEP),-keep)

build: ## compile everything
	go build ./...

# Jobs that wait for the network or for stacks run in parallel with jobs that keep the processor busy.
test: ## unit tests with the race detector, and the same binary and template on the emulator
	$(MAKE) -j2 unit-go tools
	go test -tags emulator -run '^$$' ./lambda/internal/... ./infra/... > /dev/null
	$(MAKE) -j2 emulated-stacks beside-stacks-of-test

beside-stacks-of-test:
	$(MAKE) unit-cdk simulated emulated-calls browser

tools: # what the tests need beside Go
	$(MAKE) -j4 $(RIE) $(CDK)/complete $(MOTO)/complete $(SIMULATE)/complete $(EMULATOR)

unit: unit-go unit-cdk simulated ## unit tests, the function's and the tools' with the race detector

unit-go:
	@echo "unit tests, with and without the race detector: 3 minutes; each package is reported when it is done"
	$(MAKE) -j2 unit-race unit-exhaustive

unit-race:
	go test -race $$(go list $(IN_GO) | grep -vxF "$$(go list $(EXHAUSTIVE))")
	go test -race -short $(EXHAUSTIVE)

unit-exhaustive:
	go test $(EXHAUSTIVE) $(RELEASE)

unit-cdk: $(CDK)/complete
	@echo "tests of the CDK apps: 2 minutes; each package is reported when it is done"
	go test $(IN_NODE)

simulated: $(SIMULATE)/complete ## compare how policies are judged with an independent evaluator
	go test -tags simulate -run TestAgrees ./lambda/internal/access

# One at a time, so that no test is too slow for its share of the machine.
mutate: ## change the pure packages in ways that their tests must notice (15 minutes)
	@mkdir -p $(TOOLS)
	@status=0; for package in $(PURE); do \
		$(TOOL)/gremlins.mod gremlins unleash --workers 1 --timeout-coefficient 30 --output-statuses lt ./$$package | tee $(TOOLS)/mutants; \
		grep -q 'Lived: 0,' $(TOOLS)/mutants || { status=1; echo "$$package: kill the mutants that lived"; }; \
	done; exit $$status

histories: ## play random histories of a resource, with faults, late and doubled events: make histories HISTORIES=100000
	@echo "playing $(HISTORIES) random histories, 1 minute for 10,000"
	go test ./lambda/internal/handler -run TestHistories -rapid.checks $(HISTORIES)

# The stacks mostly wait, and the calls keep the processor busy: side by side they take as long as one of them.
emulated: $(RIE) $(CDK)/complete $(MOTO)/complete ## tests against the emulator
	go test -tags emulator -run '^$$' ./lambda/internal/... ./infra/... > /dev/null
	$(MAKE) -j2 emulated-stacks emulated-calls

emulated-calls: # the function's calls, and what is corrected in the emulator
	go run ./infra/cmd/emulator -count 2 go test -tags emulator -run InEveryWorld -parallel 6 -timeout 15m $(IN_WORLDS)
	go test -tags emulator ./infra/emulator

emulated-stacks: # the template, the binary, the CDK, StackSets
	@echo "deploying stacks to an emulator, 4 to 8 minutes"
	go run ./infra/cmd/emulator go test -tags emulator -parallel 8 -timeout 15m ./infra/e2e

# Uses the Chromium on the PATH. If there is none and this runs as root, Debian's package is installed.
browser: ## test the launch page in Chromium
	@command -v chromium chromium-browser google-chrome > /dev/null || { \
		test "$$(id -u)" = 0 && command -v apt-get > /dev/null || { echo "browser: install Chromium"; exit 1; }; \
		echo "installing Chromium, about half a minute"; apt-get -qq update; apt-get -qq install --yes --no-install-recommends chromium > /dev/null; }
	go test -tags browser ./infra/launch

bench: $(BENCH)/complete ## measure against others and against the limits; writes docs/benchmarks.md (25 minutes, as root for the CPU quotas)
	for arch in amd64 arm64; do go run ./infra/cmd/bundle -arch $$arch -o dist/bench/$$arch || exit; done
	go run ./lambda/bench $(if $(filter-out 0,$(shell id -u)),-unconfined)

plan: ## show what a template, properties or an event would change: make plan FILE=template.yaml FLAGS="-fail-on error"
	@go run ./lambda/cmd/roleplan $(FLAGS) $(FILE)

fleet: ## simulate the deployment to 1,000 accounts in 3 Regions, with duplicates, crashes and throttling
	go test -count 1 -v -run TestFleet ./lambda/internal/fleet -accounts 1000

check: ## all that CI checks
	$(MAKE) -j2 code tools-of-check
	go test -tags emulator -run '^$$' ./lambda/internal/... ./infra/... > /dev/null
	$(MAKE) -j2 emulated-stacks beside-stacks

code:
	$(MAKE) format vet lint vulncheck unit-go

tools-of-check:
	$(MAKE) -j4 tools $(LINT)/complete

beside-stacks:
	$(MAKE) template unit-cdk simulated emulated-calls browser histories fuzz synth deployable

synth: $(CDK)/complete $(LINT)/complete ## synthesise the CDK apps without the CDK CLI, check the templates, and synthesise with it
	go run ./infra
	PERSONALIZE_ROLE_APP=boundary PERSONALIZE_ROLE_BUCKET_NAMES=my-data go run ./infra
	PERSONALIZE_ROLE_APP=distribution PERSONALIZE_ROLE_DISTRIBUTION_BUCKET=my-releases PERSONALIZE_ROLE_READERS=o-a1b2c3d4e5 go run ./infra
	PERSONALIZE_ROLE_APP=organisation PERSONALIZE_ROLE_ORGANISATIONAL_UNITS=ou-ab12-cd34ef56 PERSONALIZE_ROLE_REGIONS=eu-west-1,us-east-1 \
		PERSONALIZE_ROLE_RELEASE_TEMPLATE=https://my-releases-eu-west-1.s3.eu-west-1.amazonaws.com/personalize-role/1.0.0/template.yaml go run ./infra
	$(LINT)/bin/cfn-lint --ignore-checks W3005 -- cdk.out/*.template.json
	cd infra && cdk synth --quiet --output ../dist/cdk.out

format: ## fail if a file isn't formatted
	@test -z "$$(gofmt -l lambda infra examples)" || { gofmt -l lambda infra examples; echo "run: make fmt"; exit 1; }
	go mod tidy -diff

fmt: ## format every file
	gofmt -w lambda infra examples
	go mod tidy

golden: $(CDK)/complete ## rewrite all golden files; look at what git diff says
	-go test ./lambda ./lambda/internal/cfn ./lambda/internal/handler ./infra/deployer ./infra/personalizerole -update
	@git diff --stat

vet: ## go vet, with and without the emulator's tests
	go vet ./...
	go vet -tags emulator,awscli,browser,schemas,simulate ./...

lint: ## golangci-lint, and actionlint on the workflows
	@echo "compiling golangci-lint if it is not in Go's cache, 1 to 2 minutes"
	$(TOOL)/golangci-lint.mod golangci-lint run --build-tags emulator,awscli,browser,schemas,simulate ./...
	$(TOOL)/actionlint.mod actionlint -shellcheck= -pyflakes= .github/workflows/*.yml examples/*.yml

vulncheck: ## govulncheck, where its database can be reached
	@mkdir -p $(TOOLS)
	@$(TOOL)/govulncheck.mod govulncheck ./... > $(TOOLS)/vulncheck 2>&1; status=$$?; \
	if grep -q '^govulncheck: fetching vulnerabilities' $(TOOLS)/vulncheck; then \
		echo "not checked for known vulnerabilities: the database can't be reached"; \
	else cat $(TOOLS)/vulncheck; exit $$status; fi

fuzz: ## fuzz each target some thousand times, beyond its committed seeds
	@echo "fuzzing 4 targets, about half a minute each"
	go test ./lambda/properties -run '^$$' -fuzz FuzzParse -fuzztime 30000x
	go test ./lambda/internal/policy -run '^$$' -fuzz FuzzShared -fuzztime 30000x
	go test ./lambda/internal/access -run '^$$' -fuzz FuzzDecide -fuzztime 30000x
	go test ./lambda/internal/template -run '^$$' -fuzz FuzzParse -fuzztime 30000x -fuzzminimizetime 100x

# The linter does not know one new action of a policy, and does not accept aws, the account of AWS managed policies, as an account.
template: $(LINT)/complete ## cfn-lint, sam validate and sam build on template.yaml; the policies in docs; what resource types ask for
	@for policy in docs/policies/*.json; do \
		$(LINT)/bin/parliament --config .ci/parliament.yaml --string \
			"$$(sed -e /lambda:GetFunctionScalingConfig/d -e s/iam::aws:policy/iam::123456789012:policy/ $$policy)" || \
			{ echo "$$policy: correct it, or say in .ci/parliament.yaml why it is meant"; exit 1; }; \
	done
	$(LINT)/bin/cfn-lint -- template.yaml infra/cmd/demo/consumer.yaml examples/*.yaml docs/policies/boundary.yaml
	go test -tags schemas -run TestHandlers ./infra/deployer
	AWS_DEFAULT_REGION=eu-west-1 SAM_CLI_TELEMETRY=0 $(LINT)/bin/sam validate --lint --template template.yaml
	AWS_DEFAULT_REGION=eu-west-1 SAM_CLI_TELEMETRY=0 $(LINT)/bin/sam build --template template.yaml --build-dir .aws-sam/x86_64 \
		--parameter-overrides Architecture=x86_64
	@od -An -tx1 -j18 -N1 .aws-sam/x86_64/Function/bootstrap | grep -q 3e || { echo "sam build made no binary for x86_64"; exit 1; }
	AWS_DEFAULT_REGION=eu-west-1 SAM_CLI_TELEMETRY=0 $(LINT)/bin/sam build --template template.yaml --build-dir .aws-sam/build

package: ## build dist/function.zip and dist/template.yaml; with BUCKET, upload the zip and write dist/packaged.yaml
	go run ./infra/cmd/bundle $(if $(ARCH),-arch $(ARCH))
	$(if $(BUCKET),$(AWS) cloudformation package --template-file dist/template.yaml --s3-bucket $(BUCKET) --s3-prefix $(PREFIX) --output-template-file dist/packaged.yaml)

deploy: ## deploy to the account of your AWS credentials: make deploy BUCKET=artifacts PARAMETERS="BucketNames=my-data"
	go run ./infra/cmd/deploy -bucket "$(BUCKET)" -prefix $(PREFIX) -stack $(STACK) $(if $(ARCH),-arch $(ARCH)) $(PARAMETERS)

publish: ## upload a release to one bucket a Region, and print one-click links: make publish BUCKET=my-releases REGIONS="eu-west-1 us-east-1"
	go run ./infra/cmd/publish -bucket "$(BUCKET)" -regions "$(REGIONS)" -stack $(STACK) -parameters "$(PARAMETERS)" $(if $(DRY_RUN),-dry-run)

launch-page: ## write dist/launch.html: make launch-page BUCKET=my-releases REGIONS="eu-west-1 us-east-1" PARAMETERS="PersonalizeAccess=None"
	go run ./infra/cmd/publish -bucket "$(BUCKET)" -regions "$(REGIONS)" -stack $(STACK) -parameters "$(PARAMETERS)" -page dist/launch.html

release: ## write dist/release and dist/notes.md, what a tag becomes on GitHub: make release VERSION=1.0.0
	go run ./infra/cmd/release -version "$(VERSION)"

deployable: template ## make deploy, sam package and the commands of docs/operations.md, against the emulator
	go run ./infra/cmd/emulator sh -ec '\
		$(LINT)/bin/aws s3 mb s3://artifacts; $(LINT)/bin/aws s3 mb s3://my-data; \
		$(MAKE) deploy BUCKET=artifacts PARAMETERS="BucketNames=my-data PropagationDelaySeconds=0"; \
		SAM_CLI_TELEMETRY=0 $(LINT)/bin/sam package --template-file .aws-sam/build/template.yaml --s3-bucket artifacts --output-template-file dist/sam.yaml; \
		grep -q "LicenseUrl: s3://artifacts/" dist/sam.yaml; grep -q "S3Bucket: artifacts" dist/sam.yaml; \
		PATH=$(abspath $(LINT))/bin:$$PATH go test -tags emulator,awscli -run TestOperations ./infra/e2e'

clean: ## remove what these targets made
	rm -rf dist cdk.out .aws-sam $(TOOLS)

$(RIE): .ci/tools/aws-lambda-rie.mod
	@mkdir -p $(@D)
	go build -modfile $< -o $@ github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie
	@touch $@

$(EMULATOR): infra/emulator/requirements.txt
	@mkdir -p $(@D)
	go run ./infra/cmd/emulator true
	@touch $@

$(CDK)/complete: .ci/cdk/package.json .ci/cdk/package-lock.json .ci/cdk/requirements.txt
	@echo "installing the CDK into $(CDK), about a minute"
	rm -rf $(CDK)
	mkdir -p $(CDK)
	cp .ci/cdk/package.json .ci/cdk/package-lock.json $(CDK)
	npm ci --prefix $(CDK) --no-audit --no-fund --loglevel=error
	python3 -m venv $(CDK)/python
	$(CDK)/python/bin/pip install --quiet --disable-pip-version-check --requirement .ci/cdk/requirements.txt
	@touch $@

# Its licence is the AGPL: it is neither shipped nor linked.
$(SIMULATE)/complete: $(wildcard .ci/simulate/*)
	rm -rf $(SIMULATE)
	mkdir -p $(SIMULATE)
	cp .ci/simulate/* $(SIMULATE)
	npm ci --prefix $(SIMULATE) --no-audit --no-fund --loglevel=error
	@touch $@

$(BENCH)/complete: $(wildcard $(PEERS)/node/*) $(PEERS)/python/requirements.txt
	rm -rf $(BENCH)
	mkdir -p $(BENCH)/node
	cp $(PEERS)/node/* $(BENCH)/node
	npm ci --prefix $(BENCH)/node --no-audit --no-fund --loglevel=error
	cd $(BENCH)/node && node_modules/.bin/esbuild index.mjs --bundle --minify --platform=node --target=node22 --outfile=dist/index.js
	python3 -m venv $(BENCH)/python
	$(BENCH)/python/bin/pip install --quiet --disable-pip-version-check --requirement $(PEERS)/python/requirements.txt
	@touch $@

$(LINT)/complete: .ci/requirements.txt
$(MOTO)/complete: .ci/moto.txt
$(LINT)/complete $(MOTO)/complete:
	@echo "installing Python tools into $(@D), about a minute"
	rm -rf $(@D)
	python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@
