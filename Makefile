# Two commands do everything: `make demo` and `make test`. Nothing is written outside this folder.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
export VOICECORE_DATA := $(CURDIR)/.data
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_CACHE_DIR := 1
# llama.cpp is compiled here, two minutes on two cores; only what its binding loads.
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(shell nproc)
export CMAKE_ARGS ?= -DLLAVA_BUILD=OFF -DCMAKE_PROJECT_llama_cpp_INCLUDE=$(CURDIR)/.ci/llama.cmake
SOURCES := pyproject.toml setup.py $(wildcard ext/*.pyx ext/*.h)

PEERS := .peers

.PHONY: demo test test-fast test-interop sanitize lint bench peers clean
demo: $(VENV)/.demo $(VENV)/.models
	$(PY) -m voicecore demo

test: test-fast test-interop

test-fast: $(VENV)/.test $(VENV)/.models
	$(PY) -m pytest -m "not interop"

test-interop: $(VENV)/.test $(VENV)/.models
	$(PY) -m pytest -m interop

sanitize: $(VENV)/.test
	sh ext/sanitize.sh $(CURDIR)/$(PY)

lint: $(VENV)/.lint
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	PATH=$(CURDIR)/$(VENV)/bin:$$PATH cython-lint --max-line-length 110 ext
	$(VENV)/bin/lint-imports

bench: $(VENV)/.test $(VENV)/.models peers
	sh .ci/packages bench
	$(PY) -m voicecore bench kernels
	$(PY) -m voicecore bench perception
	$(PY) -m voicecore bench call
	$(PY) -m voicecore bench media
	$(PY) -m voicecore bench replay
	$(PY) -m voicecore bench endpoints
	$(PY) -m voicecore bench duplex
	$(PY) -m voicecore bench engines
	$(PY) -m voicecore bench stages
	$(PY) -m voicecore bench sip-load
	$(PY) -m voicecore bench redaction
	$(PY) -m voicecore bench guardrails
	$(PY) -m voicecore bench policy
	$(PY) -m voicecore bench audit
	$(PY) -m voicecore bench egress

peers: $(PEERS)/.pipecat $(PEERS)/.presidio

$(PEERS)/.pipecat: benchmarks/peers/pipecat/requirements.txt
	$(PYTHON) -m venv $(PEERS)/pipecat
	$(PEERS)/pipecat/bin/python -m pip install -q -r $<
	touch $@

$(PEERS)/.presidio: benchmarks/peers/presidio/requirements.txt
	$(PYTHON) -m venv $(PEERS)/presidio
	$(PEERS)/presidio/bin/python -m pip install -q -r $<
	touch $@

$(VENV)/.python: packages.debian
	sh .ci/packages build
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.demo: $(VENV)/.python $(SOURCES)
	$(PY) -m pip install -q -e '.[demo]'
	touch $@

$(VENV)/.test: $(VENV)/.demo
	sh .ci/packages test
	$(PY) -m pip install -q -e '.[test]'
	touch $@

$(VENV)/.lint: $(VENV)/.demo
	$(PY) -m pip install -q -e '.[test,lint]'
	touch $@

$(VENV)/.models: $(VENV)/.demo models/catalogue.toml
	$(PY) -m voicecore models pull
	touch $@

clean:
	rm -rf $(VENV) $(PEERS) .data build *.egg-info voicecore/audio/*.so ext/*.c ext/*.cpp
