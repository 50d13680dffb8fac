# Everything works from a fresh clone with Python 3.11+, git and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help demo test check-style check-types check-imports check-tests chaos golden clean

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "reelc needs Python 3.11 or later; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "setting up $(VENV) (a minute or two, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $(STAMP)

demo: $(STAMP) ## Render the quickstart film on the embedded preview worker.
	@$(BIN)/reelc plan examples/harbor.reel
	@echo
	@$(BIN)/reelc preview examples/harbor.reel --out out
	@echo
	@echo "The animatic is out/film.preview.mp4. The real film takes a ComfyUI worker:"
	@echo "  $(BIN)/reelc run examples/harbor.reel --worker http://HOST:8188"

test: $(STAMP) check-style check-types check-imports check-tests ## Run all checks.

check-style: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/reelc fmt --check dsl examples reelc

check-types: $(STAMP)
	$(BIN)/pyright --pythonpath $(BIN)/python

check-imports: $(STAMP)
	$(BIN)/lint-imports

check-tests: $(STAMP)
	$(BIN)/pytest -q -n auto

SEEDS ?= 200

chaos: $(STAMP) ## Kill masters and workers at random in SEEDS=200 runs; takes a quarter of an hour.
	PYTHONPATH=tests $(BIN)/python -m runtime.chaos.many --seeds $(SEEDS)

golden: $(STAMP) ## Rewrite the golden files; look at the difference before committing it.
	$(BIN)/pytest -q tests/test_golden.py tests/test_stage_graphs.py --update-golden

clean: ## Remove what was built.
	rm -rf $(VENV) out dist build
