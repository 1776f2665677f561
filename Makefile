# make demo    a service, its table, bucket and queue on this machine: nothing needed but make and Python 3.11
# make test    everything that can be checked, real Terraform, real Ansible, real hosts (hosts need Linux and root)
# make check   the part of it that takes a minute
# make bench   benchmarks against peers, into benchmarks/RESULTS.md
# make install the virtual environment .venv with provision in it, with the versions of libraries that were tested last
# make newest  the same with the newest versions; where `make test` passes with them, commit scripts/constraints.txt

PYTHON ?= python3
# most tests wait: for hosts that boot, for Terraform, for a simulated cloud
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(2 * (os.cpu_count() or 1))')
BIN := .venv/bin
EXTRAS := .[dev,sandbox,postgresql]
READY := .venv/.ready

# each test starts provision many times: it is compiled once, not at each start
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check bench install newest clean

install: $(READY)

$(READY): setup.cfg setup.py pyproject.toml scripts/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "provision needs Python 3.11 or newer: make PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { scripts/need python3-venv-is-missing=python3-venv && $(PYTHON) -m venv .venv; }
	@echo "installing provision and its libraries into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c scripts/constraints.txt -e '$(EXTRAS)'
	@touch $@

newest: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --upgrade-strategy eager -e '$(EXTRAS)'
	@$(BIN)/python -m pip freeze --exclude-editable > scripts/constraints.txt
	@touch $(READY)

demo: $(READY)
	@scripts/need nginx=nginx-light curl=curl
	@scripts/demo

check: $(READY)
	@scripts/check

test: check
	@scripts/need nginx=nginx-light curl=curl ssh=openssh-client pg_createcluster=postgresql redis-server=redis-server \
		mariadbd=mariadb-server rabbitmq-server=rabbitmq-server podman=podman crun=crun ip=iproute2
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations 15 tests

bench: $(READY)
	@scripts/need nginx=nginx-light curl=curl ssh=openssh-client
	@$(BIN)/python -m benchmarks

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
