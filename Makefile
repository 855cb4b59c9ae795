# The two commands of a newcomer: make demo, make test. Everything else is for contributors.

# Debian packages, and what each is for.
#   librocksdb-dev     the table store
#   librdkafka-dev     Kafka
#   libmicrohttpd-dev  the HTTP server
#   libsqlite3-dev     read models
#   libpq-dev          read models in PostgreSQL
#   libyaml-dev        pipeline files
#   libpcre2-dev       patterns in pipeline files
#   libssl-dev         SHA-256 and HMAC of signed requests
#   zlib1g-dev         gzip and CRC32
#   libcurl4-openssl-dev  the HTTP client: effects and the commands
BUILD_PACKAGES := librocksdb-dev librdkafka-dev libmicrohttpd-dev libsqlite3-dev libpq-dev libyaml-dev libpcre2-dev libssl-dev \
  zlib1g-dev libcurl4-openssl-dev
#   python3, python3-venv  the programs of the tests: boto3, the aws command line and other clients from PyPI
#   sqlite3               tests open read models as users do
#   postgresql            tests start servers of their own
#   pgbouncer             stands between the tests and such a server
#   gzip                  tests send compressed requests
#   openssl               makes certificates for the tests
#   default-jdk-headless  runs programs of the tests that use AWS's SDK for Java
#   curl                  reads events as a client of its own
#   prometheus            its promtool checks metrics and alert rules, and the server itself runs the dashboards' queries
#   chromium              pages of other sites, which may not reach a server on loopback
#   systemd               its systemd-analyze checks the units
TEST_PACKAGES := python3 python3-venv sqlite3 postgresql pgbouncer gzip openssl default-jdk-headless curl prometheus \
  chromium systemd
#   from PyPI: boto3 and the aws command line, and validators of OpenAPI documents and of what they say of answers. botocore has the version
#   whose service models the generated files are of (`make service-model` after a change): else a change at AWS would fail a test here.
PYTHON_PACKAGES := boto3 awscli botocore==1.44.8 openapi-spec-validator openapi-schema-validator
#   unmodified programs of others for DynamoDB, from PyPI
#   kclpy-ext             carries the Kinesis Client Library 3 and AWS's SDK for Java
CLIENTS := pynamodb aioboto3 langchain-community langgraph-checkpoint-aws kclpy-ext
#   checkers of what is under deploy/, from PyPI
#   check-jsonschema      the compose file, and the dashboards by a schema of our own
#   kubernetes-validate   manifests of Kubernetes
#   cloudcoil-models-keda  KEDA's objects, which kubernetes-validate does not know; pyyaml reads them
CHECKS := check-jsonschema kubernetes-validate cloudcoil-models-keda pyyaml
#   podman-compose        brings up the compose file, from PyPI
COMPOSE := podman-compose==1.6.0
#   wrk                   HTTP load for the bench
BENCH_PACKAGES := wrk

#   dpkg-dev, debhelper, fakeroot  make the Debian package
#   lintian               checks it
#   debootstrap           makes the fresh Debian in which it is installed and removed
#   podman, conmon, runc  boot that Debian with systemd, which runs the unit
#   buildah               makes the image, without a daemon
#   binutils, ca-certificates  what the image's program is linked with, and whom it trusts
SHIPPING_PACKAGES := dpkg-dev debhelper fakeroot lintian debootstrap podman conmon runc buildah binutils ca-certificates
#   netavark, aardvark-dns  the network of the containers, and their names
COMPOSE_PACKAGES := netavark aardvark-dns curl

DEMO_SECONDS ?=
PORT ?= 8000
PAGE_PORT ?= 8001

.PHONY: demo test acceptance bench model soak fuzz static deb image shipping shipped-check packages-check compose-check readme format lint packages \
  test-packages shipping-packages release

# Runs the sample pipelines with players, until Ctrl-C or for DEMO_SECONDS.
demo: packages
	swift build -c release --product afterimage
	.build/release/afterimage dev --fresh --demo --data .build/demo-data --port $(PORT) --page-port $(PAGE_PORT) \
	  $(if $(DEMO_SECONDS),--seconds $(DEMO_SECONDS))

# Suites that start servers wait for most of their time: two tests run at once, and more would take each other's. Those that look at a broker closely run
# one after the other.
SERVERS := ^(AcceptanceTests|WorkersTests)\.
BROKERS := ^(KafkaTests|RelayTests)\.

# Of the others so many run at once: all together keep those that speak with a server waiting past their time limits.
WIDTH := 6

# What is shipped is built beside those that wait, with what they leave of the machine, and checked after them.
IDLE = $(shell chrt --idle 0 true 2>/dev/null && echo chrt --idle 0 || echo nice -n 19)
test: packages test-packages shipping-packages
	swift build --build-tests --explicit-target-dependency-import-check error
	swift test --skip-build --experimental-maximum-parallelization-width $(WIDTH) --skip '$(SERVERS)' --skip '$(BROKERS)'
	$(IDLE) $(MAKE) shipping >.build/shipping.log 2>&1 & shipping=$$!; \
	swift test --skip-build --no-parallel --filter '$(BROKERS)' && \
	swift test --skip-build --experimental-maximum-parallelization-width 2 --filter '$(SERVERS)' || { kill $$shipping; exit 1; }; \
	wait $$shipping || { cat .build/shipping.log; exit 1; }
	$(MAKE) shipped-check

# Every scenario of every source system under all conditions: in one process and through Kafka with PostgreSQL, with kill -9 between writing and reading,
# with every record twice, and built again from the log into empty read models.
SYSTEMS ?= abcdefg
acceptance: packages test-packages
	swift build --build-tests
	AFTERIMAGE_ACCEPTANCE=$(SYSTEMS) swift test --skip-build --no-parallel --filter AcceptanceMatrixTests

# The comparisons with plain models: of the table store over 1,000,000 operations, of the read side over so many pipelines.
MODEL_PIPELINES ?= 5000
model: packages
	swift build --build-tests
	AFTERIMAGE_MODEL_OPERATIONS=1000000 swift test --skip-build --filter RandomTableTests
	AFTERIMAGE_MODEL_PIPELINES=$(MODEL_PIPELINES) swift test --skip-build --filter RandomReadSideTests

# The kill tests with 200 rounds in place of 10, 500 flipped bits in the files of stores and read models in place of 40, three brokers,
# ten minutes of everything that can fail around a fleet, at random, and three times five of a stream under load whose readers are killed.
soak: packages test-packages
	swift build --build-tests
	AFTERIMAGE_KILL_ROUNDS=200 AFTERIMAGE_FLIP_ROUNDS=500 AFTERIMAGE_SOAK_SECONDS=600 swift test --skip-build --no-parallel \
	  --filter 'KillTests|DamageTests|FleetFaultTests|FleetSoakTests|ShippedFleetTests|StreamLoadTests'

# Wrong requests and slow clients in earnest, then a minute of libFuzzer for each of its targets. What it finds it leaves in .build/fuzz-found-*;
# the corpus is made again each time, from seeds in the code.
FUZZ_SECONDS ?= 60
FUZZ_REQUESTS ?= 1000000
fuzz: packages test-packages
	swift build --build-tests
	AFTERIMAGE_MUTATED_REQUESTS=$(FUZZ_REQUESTS) AFTERIMAGE_SLOW_CONNECTIONS=500 \
	  swift test --skip-build --no-parallel --filter 'MutatedRequestTests|SlowClientTests'
	AFTERIMAGE_FUZZER=build swift build -c release --scratch-path .build/fuzz --sanitize fuzzer --product afterimage-fuzzer
	rm -rf .build/fuzz-corpus
	for target in json expressions signatures http; do \
	  echo "fuzzing $$target for $(FUZZ_SECONDS) s"; mkdir -p .build/fuzz-corpus; \
	  AFTERIMAGE_FUZZER=$$target .build/fuzz/release/afterimage-fuzzer .build/fuzz-corpus/$$target -max_total_time=$(FUZZ_SECONDS) \
	    -max_len=4096 -timeout=2 -rss_limit_mb=1024 -artifact_prefix=.build/fuzz-found-$$target- -print_final_stats=1 -print_funcs=0 -verbosity=0 \
	    || exit 1; \
	done

bench: packages
	./.ci/install $(BENCH_PACKAGES)
	swift build -c release
	.build/release/afterimage-bench

# The program as it is shipped: with Swift's libraries in it. The linker drops libraries that only those need unless they are named.
STATIC := .build/static/release/afterimage
static: packages
	swift build -c release --scratch-path .build/static --static-swift-stdlib --product afterimage \
	  -Xlinker --gc-sections -Xlinker --no-as-needed -Xlinker -lcurl

# The Debian package and an image as an OCI archive, in .build/deb and .build/image; both are checked while they are made.
deb: static shipping-packages
	deploy/debian/build $(STATIC) .build/deb

image: static shipping-packages
	$(if $(IS_ROOT),,buildah unshare )deploy/image/build $(STATIC) .build/image

# Both, and the fresh Debian of their checks, where one can be made.
IS_ROOT := $(filter 0,$(shell id -u))
shipping: deb image
	-$(if $(IS_ROOT),,sudo )deploy/debian/base .build/deb/base.tar

# The package installed, upgraded and purged in a fresh Debian, and its unit run by systemd in a container.
shipped-check:
	$(if $(IS_ROOT),,sudo )deploy/debian/check .build/deb/afterimage_*.deb .build/deb/check
	$(if $(IS_ROOT),,sudo )deploy/systemd/check .build/deb/afterimage_*.deb .build/deb/check-systemd

packages-check: shipping
	$(MAKE) shipped-check

# The compose file brought up and used, with stand-ins for the images of others. It takes some minutes, and ports 8000, 8001 and 9090.
compose-check: image
	@./.ci/install $(COMPOSE_PACKAGES)
	@./.ci/install-python .build/compose $(COMPOSE)
	$(if $(IS_ROOT),,sudo )deploy/compose-check .build/compose-check

# Writes the README's table of operations from the registry.
readme:
	AFTERIMAGE_WRITE_README=1 swift test --filter OperationTableTests

format:
	swift format --in-place --recursive Package.swift Sources Tests

lint:
	swift format lint --strict --recursive Package.swift Sources Tests

# Writes the JSON types, limits and enumerations of requests into Swift files, from AWS's service models as botocore has them.
service-model: test-packages
	@.build/python/bin/python .ci/service-model

packages:
	@./.ci/install $(BUILD_PACKAGES)

shipping-packages: packages
	@./.ci/install $(SHIPPING_PACKAGES)

test-packages: packages
	@./.ci/install $(TEST_PACKAGES)
	@./.ci/install-python .build/python $(PYTHON_PACKAGES)
	@./.ci/install-python .build/clients $(CLIENTS)
	@./.ci/install-python .build/checks $(CHECKS)
