# Every verb, one line each; the work is in tools/ and in the packages.
.DEFAULT_GOAL := help
.PHONY: help setup ui screens check fix test gen demo new prove bench windows wine linux-package
VENV := .venv/bin

help:            ## this list
	@grep -hE '^[a-z-]+: .*##|^[a-z-]+: +##' $(MAKEFILE_LIST) | sed 's/:.*##/ —/'

setup:           ## install everything the verbs need into .venv
	@tools/setup

ui: setup        ## the web interface, built into the API's package
	@tools/ihm/build

screens: setup   ## make screens ONLY=parc: every screen of the web interface as a picture, in docs/screens
	@tools/browser/setup && tools/ihm/build && $(VENV)/python -m tools.browser.screens $(if $(ONLY),--only $(ONLY))

check: setup     ## lint, types, import rules, house rules, generated files: all at zero
	@tools/ihm/setup && tools/check

fix: setup       ## format, and repair what the linter can
	@$(VENV)/ruff format -q . && $(VENV)/ruff check -q --fix .

test: setup      ## every suite, Windows under Wine included
	@tools/test

gen: setup       ## write every generated file
	@tools/ihm/setup && $(VENV)/python -m tools.gen

demo: setup      ## everything on this machine: a fleet at work, in one command
	@tools/ihm/build && $(VENV)/canopee up --devices 300 --off-every 25

windows: setup   ## make windows ROOT=root.json: the agent for Windows, into build/windows: set-up program, MSI, archive, list of parts
	@$(VENV)/python -m tools.windows $(if $(VERSION),--version $(VERSION)) $(if $(ROOT),--root-file $(ROOT)) $(if $(POLICY),--policy-file $(POLICY))

new: setup       ## make new KIND=step NAME=collect_printers
	@$(VENV)/python -m tools.new $(KIND) $(NAME)

prove: setup     ## make prove WHAT=kill N=400 SEED=7: try to break a promise, many times
	@tools/proxy/setup && $(VENV)/canopee-prove $(WHAT) $(if $(N),--cases $(N)) $(if $(SEED),--seed $(SEED))

bench: setup     ## make bench WHAT=checkin, or all: what promises of speed cost; without WHAT, the last results
	@$(VENV)/canopee-bench $(WHAT) $(if $(SCALE),--scale $(SCALE)) $(if $(ROUNDS),--rounds $(ROUNDS))

linux-package: setup  ## the agent's Debian package, in build/linux
	@$(VENV)/python -m tools.linux

wine: setup      ## make wine CASE=install: a journey of an installed agent on Windows, under Wine; ends with a JSON verdict
	@tools/windows/setup && $(VENV)/python -m tools.wine $(CASE)
